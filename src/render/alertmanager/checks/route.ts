/** The routing tree of one AlertRoute: every node is checked as Alertmanager checks it when it loads. */
import { maxRouteDepth } from '../../../crds/alert-route.ts';
import type { RenderedRoute } from '../fragment.ts';
import { parseMatchers, printMatcher, sortMatchers } from '../matcher.ts';
import { atLeast } from '../version.ts';
import { parsePrometheusDuration } from './duration.ts';
import type { FaultList } from './fault.ts';

export interface RouteContext {
  readonly faults: FaultList;
  readonly prefix: string;
  readonly version: string;
  /** Whether the server runs with classic-mode: label names in ASCII only. */
  readonly classicMode: boolean;
  /** Every receiver and time interval that the object names, and those of them that are usable. */
  readonly declaredReceivers: ReadonlySet<string>;
  readonly usableReceivers: ReadonlySet<string>;
  readonly declaredIntervals: ReadonlySet<string>;
  readonly usableIntervals: ReadonlySet<string>;
}

const keys = new Set([
  'receiver',
  'matchers',
  'groupBy',
  'groupWait',
  'groupInterval',
  'repeatInterval',
  'continue',
  'muteTimeIntervals',
  'activeTimeIntervals',
  'routes',
]);

/** Nodes of one tree. */
const maxNodes = 2000;

/**
 * The rendered node, or undefined where the node itself is at fault: its alerts then go where they would go without
 * it. A receiver that is left out is not named: its alerts go to the parent's receiver.
 */
export function renderRoute(node: unknown, path: string, context: RouteContext): RenderedRoute | undefined {
  return renderNode(node, path, context, 1, { nodes: 0 });
}

function renderNode(
  node: unknown,
  path: string,
  context: RouteContext,
  depth: number,
  count: { nodes: number },
): RenderedRoute | undefined {
  const { faults } = context;
  const before = faults.length;
  if (typeof node !== 'object' || node === null || Array.isArray(node)) {
    faults.add(path, 'InvalidRoute', 'must be an object');
    return undefined;
  }
  if (depth > maxRouteDepth) {
    faults.add(path, 'LimitExceeded', `is nested deeper than ${maxRouteDepth} routes`);
    return undefined;
  }
  if (++count.nodes > maxNodes) {
    if (count.nodes === maxNodes + 1)
      faults.add(path, 'LimitExceeded', `is one of more than ${maxNodes} routes`);
    return undefined;
  }
  const value = node as Readonly<Record<string, unknown>>;
  for (const key of Object.keys(value)) {
    if (!keys.has(key)) faults.add(`${path}.${key}`, 'FieldUnknown', 'a route has no such field');
  }
  const rendered = {
    ...renderReceiver(value.receiver, path, context),
    ...renderMatchers(value.matchers, path, context),
    ...renderGroupBy(value.groupBy, path, context),
    ...renderDuration(value.groupWait, 'groupWait', 'group_wait', true, path, faults),
    ...renderDuration(value.groupInterval, 'groupInterval', 'group_interval', false, path, faults),
    ...renderDuration(value.repeatInterval, 'repeatInterval', 'repeat_interval', false, path, faults),
    ...renderIntervals(value.muteTimeIntervals, 'muteTimeIntervals', 'mute_time_intervals', path, context),
    ...renderIntervals(
      value.activeTimeIntervals,
      'activeTimeIntervals',
      'active_time_intervals',
      path,
      context,
    ),
    ...renderContinue(value.continue, path, faults),
  };
  const usable = faults.length === before;
  const children = value.routes;
  if (children !== undefined && !Array.isArray(children)) {
    faults.add(`${path}.routes`, 'InvalidRoute', 'must be a list');
    return undefined;
  }
  const routes = ((children ?? []) as unknown[])
    .map((child, index) => renderNode(child, `${path}.routes[${index}]`, context, depth + 1, count))
    .filter((child) => child !== undefined);
  return usable ? { ...rendered, ...(routes.length === 0 ? {} : { routes }) } : undefined;
}

function renderReceiver(value: unknown, path: string, context: RouteContext): { receiver?: string } {
  if (value === undefined) return {};
  if (typeof value !== 'string' || !context.declaredReceivers.has(value)) {
    context.faults.add(
      `${path}.receiver`,
      'UnknownReceiver',
      `there is no receiver ${JSON.stringify(value)} in spec.receivers`,
    );
    return {};
  }
  return context.usableReceivers.has(value) ? { receiver: context.prefix + value } : {};
}

function renderMatchers(
  value: unknown,
  path: string,
  context: RouteContext,
): { matchers?: readonly string[] } {
  const texts = textList(value, `${path}.matchers`, context.faults);
  if (texts === undefined || texts.length === 0) return {};
  return { matchers: readMatcherTexts(texts, `${path}.matchers`, context) };
}

/** Canonical texts of a list of matchers; faults are added for those that cannot be read. */
export function readMatcherTexts(
  texts: readonly string[],
  path: string,
  { faults, classicMode }: { readonly faults: FaultList; readonly classicMode: boolean },
): readonly string[] {
  const matchers = texts.flatMap((text, index) => {
    const result = parseMatchers(text);
    if ('matchers' in result) {
      const foreign = classicMode ? result.matchers.find(({ name }) => !isClassicName(name)) : undefined;
      if (foreign === undefined) return result.matchers;
      faults.add(
        `${path}[${index}]`,
        'InvalidMatcher',
        `the label name ${JSON.stringify(foreign.name)} is not allowed in classic mode`,
      );
      return [];
    }
    const { message, column } = result.fault;
    faults.add(`${path}[${index}]`, 'InvalidMatcher', message, column === undefined ? {} : { column });
    return [];
  });
  return sortMatchers(matchers).map(printMatcher);
}

/** Label names before UTF-8 names came. */
export function isClassicName(name: string): boolean {
  return /^[a-zA-Z_][a-zA-Z0-9_]*$/.test(name);
}

function renderGroupBy(
  value: unknown,
  path: string,
  context: RouteContext,
): { group_by?: readonly string[] } {
  const at = `${path}.groupBy`;
  const names = textList(value, at, context.faults);
  if (names === undefined) return {};
  const fail = (message: string) => context.faults.add(at, 'InvalidRoute', message);
  if (names.includes('...') && new Set(names).size > 1)
    fail('"..." stands for all labels and excludes others');
  const twice = names.find((name, index) => name !== '...' && names.indexOf(name) !== index);
  if (twice !== undefined) fail(`the label ${JSON.stringify(twice)} is named twice`);
  for (const name of names) {
    const valid = context.classicMode
      ? name === '...' || isClassicName(name)
      : name !== '' && name.isWellFormed();
    if (!valid) fail(`${JSON.stringify(name)} is no label name`);
  }
  // Before 0.31 an empty list meant the parent's labels.
  return names.length === 0 && !atLeast(context.version, '0.31.0') ? {} : { group_by: names };
}

function renderDuration(
  value: unknown,
  field: string,
  key: string,
  zeroAllowed: boolean,
  path: string,
  faults: FaultList,
): Record<string, string> {
  if (value === undefined) return {};
  const lengthMs = typeof value === 'string' ? parsePrometheusDuration(value) : undefined;
  if (lengthMs === undefined)
    faults.add(`${path}.${field}`, 'InvalidDuration', `${JSON.stringify(value)} is no duration`);
  else if (lengthMs === 0 && !zeroAllowed) faults.add(`${path}.${field}`, 'InvalidRoute', 'must not be zero');
  return { [key]: String(value) };
}

function renderIntervals(
  value: unknown,
  field: string,
  key: string,
  path: string,
  { faults, prefix, declaredIntervals, usableIntervals }: RouteContext,
): Record<string, readonly string[]> {
  const names = textList(value, `${path}.${field}`, faults) ?? [];
  names.forEach((name, index) => {
    if (declaredIntervals.has(name)) return;
    const message = `there is no time interval ${JSON.stringify(name)} in spec.timeIntervals`;
    faults.add(`${path}.${field}[${index}]`, 'UnknownTimeInterval', message);
  });
  // An interval that is left out mutes nothing: in doubt people are told.
  const usable = names.filter((name) => usableIntervals.has(name)).map((name) => prefix + name);
  return usable.length === 0 ? {} : { [key]: usable };
}

function renderContinue(value: unknown, path: string, faults: FaultList): { continue?: boolean } {
  if (value !== undefined && typeof value !== 'boolean') {
    faults.add(`${path}.continue`, 'InvalidRoute', 'must be true or false');
  }
  return value === true ? { continue: true } : {};
}

function textList(value: unknown, path: string, faults: FaultList): readonly string[] | undefined {
  if (value === undefined) return undefined;
  if (Array.isArray(value) && value.every((item) => typeof item === 'string')) return value;
  faults.add(path, 'InvalidRoute', 'must be a list of texts');
  return undefined;
}
