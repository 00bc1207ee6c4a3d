import { Environment } from '@marcbachmann/cel-js';
import { RE2JS } from 're2js';

type Comparable = bigint | number | string;

const sorted = (list: readonly Comparable[]) =>
  list.every((item, index) => index === 0 || list[index - 1]! <= item);

function extreme(list: readonly Comparable[], better: (a: Comparable, b: Comparable) => boolean): Comparable {
  if (list.length === 0) throw new Error('min called on empty list');
  return list.reduce((best, item) => (better(item, best) ? item : best));
}

const sum = (list: readonly (bigint | number)[]) =>
  list.reduce<bigint | number>(
    (total, item) =>
      typeof item === 'bigint' && typeof total === 'bigint' ? total + item : Number(total) + Number(item),
    typeof list[0] === 'number' ? 0 : 0n,
  );

/**
 * CEL as CRD rules see it: `self` and `oldSelf`, and the functions that Kubernetes adds to the language
 * (kubernetes.io, "Common Expression Language in Kubernetes": lists, regex, strings, URLs).
 */
export const celEnvironment = new Environment({
  homogeneousAggregateLiterals: false,
  enableOptionalTypes: true,
  limits: { maxAstNodes: 20_000, maxDepth: 100 },
})
  .registerVariable('self', 'dyn')
  .registerVariable('oldSelf', 'dyn')
  .registerFunction('list.isSorted(): bool', sorted)
  .registerFunction('list.sum(): dyn', sum)
  .registerFunction('list.min(): dyn', (list: readonly Comparable[]) => extreme(list, (a, b) => a < b))
  .registerFunction('list.max(): dyn', (list: readonly Comparable[]) => extreme(list, (a, b) => a > b))
  .registerFunction('list.indexOf(dyn): int', (list: readonly unknown[], item: unknown) =>
    BigInt(list.indexOf(item)),
  )
  .registerFunction('list.lastIndexOf(dyn): int', (list: readonly unknown[], item: unknown) =>
    BigInt(list.lastIndexOf(item)),
  )
  .registerFunction(
    'string.find(string): string',
    (text: string, pattern: string) => findAll(text, pattern, 1)[0] ?? '',
  )
  .registerFunction('string.findAll(string): list<string>', (text: string, pattern: string) =>
    findAll(text, pattern, -1),
  )
  .registerFunction('string.replace(string, string): string', (text: string, old: string, next: string) =>
    text.replaceAll(old, () => next),
  )
  .registerFunction('string.charAt(int): string', (text: string, index: bigint) => text.charAt(Number(index)))
  .registerFunction('isURL(string): bool', (text: string) => URL.canParse(text));

function findAll(text: string, pattern: string, limit: number): string[] {
  const matcher = RE2JS.compile(pattern).matcher(text);
  const found: string[] = [];
  while (found.length !== limit && matcher.find()) found.push(matcher.group() ?? '');
  return found;
}

export type Program = (variables: Record<string, unknown>) => unknown;

const programs = new Map<string, Program>();

/** Parses an expression once. Throws with the parser's message where it is not CEL. */
export function celProgram(expression: string): Program {
  let program = programs.get(expression);
  if (program === undefined) {
    const parsed = celEnvironment.parse(expression);
    program = (variables) => parsed(variables);
    programs.set(expression, program);
  }
  return program;
}

/** What is wrong with an expression, or undefined. */
export function celFault(expression: string): string | undefined {
  try {
    const checked = celEnvironment.check(expression);
    return checked.valid ? undefined : firstLine(checked.error);
  } catch (error) {
    return firstLine(error);
  }
}

const firstLine = (error: unknown) =>
  (error instanceof Error ? error.message : String(error)).split('\n')[0]!;
