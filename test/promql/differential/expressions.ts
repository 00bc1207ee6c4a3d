import { type Random, randomBelow } from '../../../src/base/random.ts';
import { type Release, syntaxSince } from '../../../src/storage-engine/promql/syntax/dialect.ts';
import { functionsOf } from '../../../src/storage-engine/promql/syntax/functions.ts';
import { dataSeconds, dataStart } from './data-set.ts';

type Kind = 'scalar' | 'vector' | 'matrix' | 'string';

const floats = ['requests_total', 'errors_total', 'queue', 'sums', 'level', 'latency_bucket', 'target_info'];
const histograms = ['native', 'native_custom', 'native_gauge', 'mixed'];
const matchers = [
  'job="job0"',
  'job!="job1"',
  'job=~"job[01]"',
  'job!~"job.*2"',
  'instance="i1"',
  'instance=~"i[0-3]"',
  'code="200"',
  'code!=""',
  'code=""',
  'le=~"1|5|.Inf"',
  '"text.é"=~".*[37]"',
];
const numbers = ['0', '1', '2', '0.5', '-1', '1e3', '0.9', '3', 'NaN', 'Inf', '-Inf', '1e16'];
const ranges = ['15s', '1m', '2m', '5m', '7m', '20m', '1h', '14s'];
const steps = ['', '', '15s', '30s', '1m', '2m', '37s'];
const groupings = ['', 'job', 'instance', 'job, instance', 'code', 'le', 'nothing', '"text.é"'];
const arithmetic = ['+', '-', '*', '/', '%', '^', 'atan2'];
const comparisons = ['==', '!=', '<', '<=', '>', '>='];
const sets = ['and', 'or', 'unless'];
const aggregators = ['sum', 'avg', 'count', 'min', 'max', 'group', 'stddev', 'stdvar'];

/** What needs a wall clock or has no defined order of operations elsewhere: see README.md. */
const excluded = new Set(['start_timestamp']);

/**
 * Functions by what they return. A random choice among all of them would hardly ever take a rate: the weight of
 * what dashboards use is raised by naming it again.
 */
const frequent = [
  'rate',
  'increase',
  'avg_over_time',
  'sum_over_time',
  'max_over_time',
  'histogram_quantile',
];

export interface Choices {
  readonly random: Random;
  /** Of the server that is asked: later functions are left out. */
  readonly release: Release;
}

/** Writes one random, well-typed expression over the data set. The same seed gives the same texts. */
export function semanticExpression(of: Choices, kind: Kind = 'vector', depth = 4): string {
  const { random, release } = of;
  const pick = <T>(items: readonly T[]): T => items[randomBelow(random, items.length)]!;
  const chance = (share: number) => random.next() < share;
  const make = (wanted: Kind) => semanticExpression(of, wanted, depth - 1);
  const selector = () => {
    const name = chance(0.65) ? pick(floats) : pick(histograms);
    const count = chance(0.5) ? 0 : 1 + randomBelow(random, 2);
    const braces = Array.from({ length: count }, () => pick(matchers)).join(', ');
    // Not with histograms: of a float and a histogram at one step and of equal labels 3.14 keeps both, we refuse them.
    if (chance(0.05) && floats.includes(name))
      return `{__name__=~"${name}|level", ${braces}}`.replace(', }', '}');
    return braces === '' ? name : `${name}{${braces}}`;
  };
  const modifiers = () => {
    let text = '';
    if (chance(0.12)) text += ` offset ${pick(['1m', '10m', '-5m', '1h', '13s', '1y'])}`;
    if (chance(0.1))
      text += ` @ ${pick(['start()', 'end()', String(dataStart + randomBelow(random, dataSeconds))])}`;
    return text;
  };
  const call = (returns: Kind) => {
    const all = functionsOf(release).filter((one) => one.returns === returns && !excluded.has(one.name));
    const some = all.filter(({ name }) => frequent.includes(name));
    const { name, args, variadic } = pick(some.length > 0 && chance(0.35) ? some : all);
    const special = specialArguments(name, make, pick, chance);
    if (special !== undefined) return `${name}(${special.join(', ')})`;
    const texts = args.map((arg) => make(arg));
    if (variadic !== 0 && chance(0.5)) texts.pop();
    return `${name}(${texts.join(', ')})`;
  };
  const matching = () => {
    if (chance(0.4)) return '';
    const by = pick(['job, instance', 'job', 'instance', 'code', 'job, instance, code']);
    let text = `${chance(0.75) ? 'on' : 'ignoring'} (${by}) `;
    if (chance(0.4))
      text += `${pick(['group_left', 'group_right'])} (${chance(0.5) ? pick(['', 'version', 'code']) : ''}) `;
    if (release >= syntaxSince.fill && chance(0.1))
      text += `${pick(['fill', 'fill_left', 'fill_right'])} (${pick(numbers)}) `;
    return text;
  };
  const binary = (side: Kind) => {
    const operators = side === 'vector' && chance(0.2) ? sets : chance(0.3) ? comparisons : arithmetic;
    const bool = operators === comparisons && (side === 'scalar' || chance(0.3)) ? 'bool ' : '';
    if (side === 'vector' && operators !== sets && chance(0.35)) {
      const parts = [make('vector'), make('scalar')];
      if (chance(0.5)) parts.reverse();
      return `(${parts[0]}) ${pick(operators)} ${bool}(${parts[1]})`;
    }
    const match = side === 'vector' ? matching() : '';
    const allowed = operators === sets ? match.replace(/(group|fill).*/, '') : match;
    return `(${make(side)}) ${pick(operators)} ${bool}${allowed}(${make(side)})`;
  };
  const aggregate = () => {
    const grouping = chance(0.3) ? '' : `${pick(['by', 'by', 'without'])} (${pick(groupings)}) `;
    if (chance(0.7)) return `${pick(aggregators)} ${grouping}(${make('vector')})`;
    if (chance(0.15)) return `count_values ${grouping}("v", ${make('vector')})`;
    const name = pick(['topk', 'bottomk', 'quantile', 'limitk', 'limit_ratio']);
    const param = chance(0.8) ? pick(['1', '2', '3', '0.5', '0.9', '-0.3', '0']) : make('scalar');
    return `${name} ${grouping}(${param}, ${make('vector')})`;
  };

  if (kind === 'string') return pick(['"x"', '"job"', '""', '"$1"']);
  if (kind === 'matrix') {
    if (depth > 0 && chance(0.25)) return `(${make('vector')})[${pick(ranges)}:${pick(steps)}]${modifiers()}`;
    return `${selector()}[${pick(ranges)}]${release >= syntaxSince.anchored ? extended(chance, pick) : ''}${modifiers()}`;
  }
  if (depth <= 0) return kind === 'scalar' ? pick(numbers) : selector() + modifiers();
  if (kind === 'scalar')
    return pick([() => pick(numbers), () => pick(numbers), () => binary('scalar'), () => call('scalar')])();
  if (chance(0.05)) return `-(${make('vector')})`;
  return pick([
    () => selector() + modifiers(),
    aggregate,
    aggregate,
    () => call('vector'),
    () => call('vector'),
    () => binary('vector'),
  ])();
}

function extended(chance: (share: number) => boolean, pick: <T>(items: readonly T[]) => T): string {
  return chance(0.04) ? ` ${pick(['anchored', 'smoothed'])}` : '';
}

/** Arguments of functions that are of little use with just any. */
function specialArguments(
  name: string,
  make: (kind: Kind) => string,
  pick: <T>(items: readonly T[]) => T,
  chance: (share: number) => boolean,
): string[] | undefined {
  switch (name) {
    case 'label_replace':
      return [
        make('vector'),
        pick(['"new"', '"job"', '"a.b"']),
        pick(['"$1"', '"x$1y"', '""']),
        pick(['"job"', '"instance"', '"code"']),
        pick(['"(.*)"', '"job(.*)"', '"i([0-2])"']),
      ];
    case 'label_join':
      return [make('vector'), pick(['"new"', '"job"']), '"-"', '"job"', pick(['"code"', '"nothing"'])];
    case 'histogram_quantile':
      return [
        pick(['0.5', '0.9', '0', '1', '-1', '2', 'NaN']),
        chance(0.6) ? histogramVector(pick) : make('vector'),
      ];
    case 'histogram_fraction':
      return [
        pick(['0', '-Inf', '0.5']),
        pick(['1', '+Inf', '0.7']),
        chance(0.6) ? histogramVector(pick) : make('vector'),
      ];
    case 'histogram_quantiles':
      return [histogramVector(pick), '"q"', '0.5', '0.9'];
    case 'quantile_over_time':
      return [pick(['0.5', '0.9', '-1', '1']), make('matrix')];
    case 'double_exponential_smoothing':
      return [make('matrix'), pick(['0.3', '0.5']), pick(['0.1', '0.9'])];
    case 'sort_by_label':
    case 'sort_by_label_desc':
      return [make('vector'), pick(['"job"', '"instance"'])];
    case 'info':
      return chance(0.5) ? [make('vector')] : [make('vector'), '{version=~".+"}'];
    case 'round':
      return [make('vector'), pick(['1', '0.1', '5', '0'])];
    default:
      return undefined;
  }
}

function histogramVector(pick: <T>(items: readonly T[]) => T): string {
  return pick([
    'rate(latency_bucket[5m])',
    'sum by (le, job) (rate(latency_bucket[10m]))',
    'latency_bucket',
    'native',
    'rate(native[5m])',
    'sum(rate(native[10m]))',
    'sum by (job) (native_custom)',
    'native_gauge',
    'mixed',
  ]);
}
