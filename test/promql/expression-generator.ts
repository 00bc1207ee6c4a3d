import { type Random, randomBelow } from '../../src/base/random.ts';
import { newestRelease } from '../../src/storage-engine/promql/syntax/dialect.ts';
import { functionsOf } from '../../src/storage-engine/promql/syntax/functions.ts';

const functions = functionsOf(newestRelease);
const names = ['up', 'http_requests_total', 'node:cpu:rate5m', 'foo', 'offset', 'step', 'fill', 'sum'];
const labels = ['job', 'instance', 'le', '"a b"', 'by', '__name__', 'on'];
const values = ['""', '"x"', '"a.*"', "'.+'", '`.*`', '"("', '"é"', '"\\x41"'];
const numbers = ['0', '1', '2.5', '1e3', '0x1f', '010', 'inf', 'NaN', '5m', '-1', '1_000'];
const durations = [
  '5m',
  '1h',
  '30s',
  '1',
  '0',
  '-5m',
  '5m + 1m',
  'step()',
  '(5m)',
  '2 * 5m',
  'max_of(1m, 5m)',
  '-(5m)',
  '1h / 0',
  'range()',
];
const arithmetic = ['+', '-', '*', '/', '%', '^', 'atan2', '</', '>/'];
const comparisons = ['==', '!=', '<', '<=', '>', '>='];
const sets = ['and', 'or', 'unless'];
const aggregators = ['sum', 'avg', 'count', 'min', 'max', 'group', 'stddev', 'stdvar'];
const aggregatorsWithParam = ['topk', 'bottomk', 'quantile', 'limitk', 'limit_ratio'];

type Kind = 'scalar' | 'vector' | 'matrix' | 'string';

/** Writes one random expression, mostly well-typed, of limited depth. The same seed gives the same texts. */
export function generateExpression(random: Random, kind: Kind = 'vector', depth = 4): string {
  const pick = <T>(items: readonly T[]): T => items[randomBelow(random, items.length)]!;
  const chance = (share: number) => random.next() < share;
  const make = (wanted: Kind) =>
    generateExpression(
      random,
      chance(0.04) ? pick(['scalar', 'vector', 'matrix', 'string']) : wanted,
      depth - 1,
    );
  const list = (items: readonly string[]) =>
    Array.from({ length: randomBelow(random, 3) }, () => pick(items)).join(pick([',', ', ']));

  const matcher = () => `${pick(labels)}${pick(['=', '!=', '=~', '!~'])}${pick(values)}`;
  const selector = () => {
    const braces = chance(0.5)
      ? `{${Array.from({ length: randomBelow(random, 3) }, matcher).join(',')}}`
      : '';
    return (chance(0.9) ? pick(names) : '') + (braces || (chance(0.1) ? '{}' : ''));
  };
  const modifiers = () => {
    let text = '';
    if (chance(0.2)) text += ` offset ${pick(durations)}`;
    if (chance(0.15)) text += ` @ ${pick(['5', '-1.5', 'start()', 'end()', 'inf', '1h'])}`;
    if (chance(0.05)) text = ` ${pick(['anchored', 'smoothed'])}${text}`;
    return text;
  };
  const call = (returns: Kind) => {
    const { name, args, variadic } = pick(functions.filter((candidate) => candidate.returns === returns));
    const texts = args.map((arg) => make(arg));
    const last = args.at(-1);
    if (variadic !== 0 && chance(0.5)) texts.pop();
    else if (variadic !== 0 && last !== undefined && chance(0.4)) texts.push(make(last));
    if (chance(0.03)) texts.push(make('scalar'));
    return `${name}(${texts.join(', ')})`;
  };
  const matching = () => {
    if (chance(0.5)) return '';
    let text = `${pick(['on', 'ignoring'])}(${list(labels)}) `;
    if (chance(0.4))
      text += `${pick(['group_left', 'group_right'])}${chance(0.5) ? `(${list(labels)})` : ''} `;
    if (chance(0.2)) text += `${pick(['fill', 'fill_left', 'fill_right'])}(${pick(numbers)}) `;
    return text;
  };
  const binary = (side: Kind) => {
    const operators = chance(0.3) ? comparisons : chance(0.3) && side === 'vector' ? sets : arithmetic;
    const modifier = operators === comparisons && (side === 'scalar' || chance(0.3)) ? 'bool ' : '';
    return `${make(side)} ${pick(operators)} ${modifier}${side === 'vector' ? matching() : ''}${make(side)}`;
  };
  const grouping = () => `${pick(['by', 'without'])} (${list(labels)})`;
  const aggregate = () => {
    const withParam = chance(0.3);
    const name = pick(withParam ? aggregatorsWithParam : aggregators);
    const args = `(${withParam ? `${make('scalar')}, ` : ''}${make('vector')})`;
    if (chance(0.3)) return name + args;
    return chance(0.5) ? `${name} ${grouping()} ${args}` : `${name}${args} ${grouping()}`;
  };

  if (kind === 'string') return pick(values);
  if (depth <= 0) {
    if (kind === 'scalar') return pick(numbers);
    return kind === 'vector' ? selector() + modifiers() : `${pick(names)}[${pick(durations)}]${modifiers()}`;
  }
  if (chance(0.06)) return `(${make(kind)})`;
  if (kind === 'matrix') {
    const step = chance(0.5) ? pick(durations) : '';
    return chance(0.3)
      ? `${make('vector')}[${pick(durations)}:${step}]${modifiers()}`
      : `${selector()}[${pick(durations)}]${modifiers()}`;
  }
  if (chance(0.06)) return `${pick(['-', '+'])}${make(kind)}`;
  if (kind === 'scalar') return pick([() => pick(numbers), () => binary('scalar'), () => call('scalar')])();
  return pick([() => selector() + modifiers(), aggregate, () => call('vector'), () => binary('vector')])();
}

const pieces = /[A-Za-z_][A-Za-z0-9_:]*|\d+[a-z]*|"[^"]*"|\s+|./gsu;

/** Changes one to three pieces of a text: removes, repeats, swaps, or puts in pieces of other texts. */
export function mutateText(random: Random, text: string, others: readonly string[]): string {
  const parts: string[] = text.match(pieces) ?? [];
  for (let changes = 1 + randomBelow(random, 3); changes > 0; changes--) {
    const donor = others[randomBelow(random, others.length)]?.match(pieces) ?? [''];
    const piece = donor[randomBelow(random, donor.length)]!;
    const at = randomBelow(random, parts.length + 1);
    const kind = randomBelow(random, 4);
    if (kind === 0) parts.splice(at, 1);
    else if (kind === 1) parts.splice(at, 0, piece);
    else if (kind === 2) parts.splice(at, 1, piece);
    else parts.splice(at, 0, ...parts.splice(randomBelow(random, parts.length + 1), 1));
  }
  return parts.join('');
}
