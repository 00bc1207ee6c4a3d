import { RE2JS } from 're2js';
import { PromqlExecutionError } from '../plan/execution-error.ts';
import type { CallExpr } from '../syntax/ast.ts';
import { isValidUtf8 } from '../syntax/strings.ts';
import { type Column, mergeEqualLabels } from './column.ts';
import type { EvalContext } from './context.ts';
import { metricNameLabel } from './labels.ts';

function textOf(call: CallExpr, index: number): string {
  const arg = call.args[index];
  return arg?.kind === 'string' ? arg.value : '';
}

function requireLabelName(name: string, what: string): void {
  if (name === '' || !isValidUtf8(name)) throw new PromqlExecutionError(`invalid ${what}: ${name}`);
}

/** Sets one label of a column; one that gets a name keeps it. */
function withLabel(column: Column, name: string, value: string): Column {
  const dropName = name === metricNameLabel ? false : column.dropName;
  return { ...column, labels: column.labels.with([[name, value]]), dropName };
}

export async function evalLabelReplace(call: CallExpr, context: EvalContext): Promise<Column[]> {
  const [target, replacement, source, pattern] = [1, 2, 3, 4].map((i) => textOf(call, i)) as [
    string,
    string,
    string,
    string,
  ];
  let regex: RE2JS;
  try {
    regex = RE2JS.compile(`^(?s:${pattern})$`);
  } catch {
    throw new PromqlExecutionError(`invalid regular expression in label_replace(): ${pattern}`);
  }
  requireLabelName(target, 'destination label name in label_replace()');
  const columns = await context.evaluate(call.args[0]!, context);
  const replaced = columns.map((column) => {
    const matcher = regex.matcher(column.labels.get(source));
    if (!matcher.find()) return column;
    const group = (name: string | number) => matcher.group(name as number) ?? '';
    return withLabel(
      column,
      target,
      expandTemplate(replacement, group, matcher.groupCount(), regex.namedGroups()),
    );
  });
  return mergeEqualLabels(replaced);
}

/** Go's Regexp.Expand: `$1`, `${1}`, `$name`, `$$`; unknown groups are empty. */
function expandTemplate(
  template: string,
  group: (name: string | number) => string,
  groupCount: number,
  names: Readonly<Record<string, number>>,
): string {
  return template.replace(/\$(?:(\$)|(\w+)|\{(\w+)\})/g, (_whole, dollar, bare, braced) => {
    if (dollar !== undefined) return '$';
    const name: string = bare ?? braced;
    if (/^\d+$/.test(name)) return Number(name) <= groupCount ? group(Number(name)) : '';
    const index = names[name];
    return index === undefined ? '' : group(index);
  });
}

export async function evalLabelJoin(call: CallExpr, context: EvalContext): Promise<Column[]> {
  const target = textOf(call, 1);
  const separator = textOf(call, 2);
  const sources = call.args.slice(3).map((_, i) => textOf(call, i + 3));
  for (const source of sources) requireLabelName(source, 'source label name in label_join()');
  requireLabelName(target, 'destination label name in label_join()');
  const columns = await context.evaluate(call.args[0]!, context);
  return mergeEqualLabels(
    columns.map((column) =>
      withLabel(column, target, sources.map((name) => column.labels.get(name)).join(separator)),
    ),
  );
}
