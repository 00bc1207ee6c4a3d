/**
 * One AlertRoute becomes one fragment. A part at fault (a receiver, a time interval, a template, an inhibition rule,
 * the routing tree) is replaced by its last good version, or left out; everything else goes live. Nothing here looks
 * at another AlertRoute, so no mistake can reach one.
 */
import type { ErrorCode } from '../../base/error-catalogue.ts';
import { wellFormed } from '../../base/well-formed.ts';
import type { AlertRoute } from '../../crds/alert-route.ts';
import { reservedLabels } from '../names.ts';
import type { AddressPolicy } from './checks/address.ts';
import { type Fault, FaultList } from './checks/fault.ts';
import { renderInhibitRule } from './checks/inhibit-rule.ts';
import { recheckReceiver, renderReceiver } from './checks/receiver.ts';
import { type RouteContext, renderRoute } from './checks/route.ts';
import { scanTemplate } from './checks/template.ts';
import { renderTimeInterval } from './checks/time-interval.ts';
import {
  encodeFragment,
  type Fragment,
  fragmentPrefix,
  type RenderedInhibitRule,
  type RenderedReceiver,
  type RenderedRoute,
  type RenderedTimeInterval,
} from './fragment.ts';
import { printMatcher } from './matcher.ts';
import type { SecretLookup } from './receivers/render-fields.ts';
import type { Resolved } from './receivers/schema.ts';
import { fieldTemplate, renderTemplates } from './templates.ts';

export interface CompileOptions {
  /** Alertmanager's version and feature flags in the stack. */
  readonly version: string;
  readonly featureFlags?: readonly string[];
  /** `global` of the platform's configuration. */
  readonly global: Resolved;
  readonly policy: AddressPolicy;
  /** Values of Secrets in the object's namespace. */
  readonly secrets: SecretLookup;
  /** `platform`: the stack's platformRoute, which sees the alerts of every namespace. */
  readonly scope: 'namespace' | 'platform';
  /** What the bundle holds of this object now. */
  readonly lastGood?: Fragment;
}

export interface CompileResult {
  readonly fragment: Fragment;
  readonly faults: readonly Fault[];
  /** Parts that run in their last good version, and parts that do not run at all, as paths of the object. */
  readonly lastGood: readonly string[];
  readonly leftOut: readonly string[];
  /** Receivers of the object, and those without a fault. */
  readonly receivers: { readonly total: number; readonly accepted: number };
}

/** Text of one fragment: a bound for what one object may put into the shared configuration. */
const maxFragmentChars = 512 * 1024;

export function namespaceGuard(namespace: string): string {
  return printMatcher({ name: reservedLabels.namespace, operator: '=', value: namespace });
}

export function compileAlertRoute(route: AlertRoute, options: CompileOptions): CompileResult {
  const { namespace = '', name } = route.metadata;
  if (isTooDeep(route.spec)) return unread(route, options, `is nested deeper than ${maxDepth} levels`);
  const spec = wellFormed(route.spec);
  const compiler = new Compiler(fragmentPrefix(namespace, name), options);
  const templates = compiler.templates(spec.templates ?? []);
  const timeIntervals = compiler.timeIntervals(spec.timeIntervals ?? []);
  const receivers = compiler.receivers(spec.receivers, templates);
  const inhibitRules = compiler.inhibitRules(
    spec.inhibitRules ?? [],
    options.scope === 'platform' ? undefined : namespaceGuard(namespace),
  );
  const { tree, ...kept } = compiler.route(spec, receivers, timeIntervals);
  const fragment: Fragment = {
    namespace,
    name,
    receivers: { ...receivers, ...kept.receivers },
    timeIntervals: { ...timeIntervals, ...kept.timeIntervals },
    templates,
    inhibitRules,
    ...(tree === undefined ? {} : { route: tree }),
  };
  const { faults, lastGood, leftOut, acceptedReceivers } = compiler;
  const counts = { total: spec.receivers.length, accepted: acceptedReceivers };
  const sizeChars = encodeFragment(fragment).length;
  if (sizeChars > maxFragmentChars) {
    return unread(route, options, `renders to ${sizeChars} characters, at most ${maxFragmentChars} fit`);
  }
  return { fragment, faults: faults.faults, lastGood, leftOut, receivers: counts };
}

/** As `compileAlertRoute`; a fault of the checks themselves becomes one of this object, and no other team waits for it. */
export function compileSafely(route: AlertRoute, options: CompileOptions): CompileResult {
  try {
    return compileAlertRoute(route, options);
  } catch (error) {
    return unread(route, options, `cannot be checked: ${String(error)}`, 'CheckFailed');
  }
}

/** Nesting of an object: far more than any use, and far less than the stack of a recursion. */
const maxDepth = 100;

function isTooDeep(value: unknown, depth = 0): boolean {
  if (typeof value !== 'object' || value === null) return false;
  return depth >= maxDepth || Object.values(value).some((child) => isTooDeep(child, depth + 1));
}

/** Nothing of the object is taken; what was good before runs on. */
function unread(
  { metadata, spec }: AlertRoute,
  { lastGood }: CompileOptions,
  message: string,
  code: ErrorCode = 'LimitExceeded',
): CompileResult {
  const { namespace = '', name } = metadata;
  return {
    fragment: lastGood ?? emptyFragment(namespace, name),
    faults: [{ path: 'spec', code, message }],
    lastGood: lastGood === undefined ? [] : ['spec'],
    leftOut: lastGood === undefined ? ['spec'] : [],
    receivers: { total: receiverCount(spec), accepted: 0 },
  };
}

/** Also of an object that is older than the schema. */
export function receiverCount(spec: AlertRoute['spec'] | undefined): number {
  return Array.isArray(spec?.receivers) ? spec.receivers.length : 0;
}

export function emptyFragment(namespace: string, name: string): Fragment {
  return { namespace, name, receivers: {}, timeIntervals: {}, templates: {}, inhibitRules: [] };
}

type Spec = AlertRoute['spec'];

class Compiler {
  readonly faults = new FaultList();
  readonly lastGood: string[] = [];
  readonly leftOut: string[] = [];
  acceptedReceivers = 0;
  readonly #prefix: string;
  readonly #options: CompileOptions;
  readonly #classicMode: boolean;

  constructor(prefix: string, options: CompileOptions) {
    this.#prefix = prefix;
    this.#options = options;
    this.#classicMode = options.featureFlags?.includes('classic-mode') ?? false;
  }

  templates(files: NonNullable<Spec['templates']>): Record<string, string> {
    const { version, lastGood } = this.#options;
    const rendered = renderTemplates(files, this.#prefix, version, this.faults).files;
    return this.#parts(files, (file) => `spec.templates[${file.name}]`, rendered, lastGood?.templates ?? {});
  }

  timeIntervals(list: NonNullable<Spec['timeIntervals']>): Record<string, RenderedTimeInterval> {
    const rendered: Record<string, RenderedTimeInterval> = {};
    for (const { name, timeIntervals } of list) {
      const before = this.faults.length;
      const path = `spec.timeIntervals[${name}].timeIntervals`;
      const intervals = timeIntervals.map((interval, index) =>
        renderTimeInterval(interval, `${path}[${index}]`, this.faults),
      );
      if (this.faults.length === before)
        rendered[name] = { name: this.#prefix + name, time_intervals: intervals };
    }
    const last = this.#options.lastGood?.timeIntervals ?? {};
    return this.#parts(list, (interval) => `spec.timeIntervals[${interval.name}]`, rendered, last);
  }

  receivers(
    list: Spec['receivers'],
    templates: Readonly<Record<string, string>>,
  ): Record<string, RenderedReceiver> {
    const { version, global, policy, secrets, lastGood } = this.#options;
    const names = new Set(definedNames(templates, version).map((name) => name.slice(this.#prefix.length)));
    const rendered: Record<string, RenderedReceiver> = {};
    const last: Record<string, RenderedReceiver> = {};
    for (const receiver of list) {
      const faults = new FaultList();
      const template = fieldTemplate(names, this.#prefix, version, faults);
      const context = { version, global, policy, secrets, faults, template };
      const result = renderReceiver(
        receiver,
        `spec.receivers[${receiver.name}]`,
        this.#prefix + receiver.name,
        context,
      );
      this.faults.faults.push(...faults.faults);
      const older = own(lastGood?.receivers, receiver.name);
      if (faults.length === 0) rendered[receiver.name] = result;
      else if (older !== undefined && this.#stillGood(older, templates)) last[receiver.name] = older;
    }
    this.acceptedReceivers = Object.keys(rendered).length;
    return this.#parts(list, (receiver) => `spec.receivers[${receiver.name}]`, rendered, last);
  }

  inhibitRules(
    rules: NonNullable<Spec['inhibitRules']>,
    guard: string | undefined,
  ): readonly RenderedInhibitRule[] {
    const { version, lastGood } = this.#options;
    const context = {
      faults: this.faults,
      prefix: this.#prefix,
      version,
      classicMode: this.#classicMode,
      guard,
    };
    return rules.flatMap((rule, index) => {
      const path = `spec.inhibitRules[${index}]`;
      const rendered = renderInhibitRule(rule, path, context);
      if (rendered !== undefined) return [rendered];
      const name = rule.name === undefined ? undefined : this.#prefix + rule.name;
      const older =
        name === undefined ? undefined : lastGood?.inhibitRules.find((last) => last.name === name);
      (older === undefined ? this.leftOut : this.lastGood).push(path);
      return older === undefined ? [] : [older];
    });
  }

  /** The tree; a last good one brings the receivers and intervals along that it names and the object lacks now. */
  route(
    spec: Spec,
    receivers: Readonly<Record<string, RenderedReceiver>>,
    timeIntervals: Readonly<Record<string, RenderedTimeInterval>>,
  ): {
    readonly tree: RenderedRoute | undefined;
    readonly receivers: Record<string, RenderedReceiver>;
    readonly timeIntervals: Record<string, RenderedTimeInterval>;
  } {
    const { version, lastGood } = this.#options;
    const before = this.faults.length;
    const context: RouteContext = {
      faults: this.faults,
      prefix: this.#prefix,
      version,
      classicMode: this.#classicMode,
      declaredReceivers: new Set(spec.receivers.map(({ name }) => name)),
      usableReceivers: new Set(Object.keys(receivers)),
      declaredIntervals: new Set(spec.timeIntervals?.map(({ name }) => name)),
      usableIntervals: new Set(Object.keys(timeIntervals)),
    };
    const tree = renderRoute(spec.route, 'spec.route', context);
    if (this.faults.length === before) return { tree, receivers: {}, timeIntervals: {} };
    if (lastGood?.route === undefined) {
      this.leftOut.push(...new Set(this.faults.faults.slice(before).map(({ path }) => nodePath(path))));
      return { tree, receivers: {}, timeIntervals: {} };
    }
    this.lastGood.push('spec.route');
    return { tree: lastGood.route, ...this.#namedBy(lastGood, receivers, timeIntervals) };
  }

  #namedBy(
    fragment: Fragment,
    receivers: Readonly<Record<string, RenderedReceiver>>,
    timeIntervals: Readonly<Record<string, RenderedTimeInterval>>,
  ) {
    const used = namesIn(fragment.route!);
    const missing = <T>(all: Readonly<Record<string, T>>, have: object): Record<string, T> =>
      Object.fromEntries(
        Object.entries(all).filter(([name]) => used.has(this.#prefix + name) && !Object.hasOwn(have, name)),
      );
    const older = missing(fragment.receivers, receivers);
    return {
      receivers: Object.fromEntries(
        Object.entries(older).filter(([, receiver]) => this.#stillGood(receiver, fragment.templates)),
      ),
      timeIntervals: missing(fragment.timeIntervals, timeIntervals),
    };
  }

  /** An older rendering may hold what another version or another platform configuration does not take. */
  #stillGood(receiver: RenderedReceiver, templates: Readonly<Record<string, string>>): boolean {
    const { version, global, policy, secrets } = this.#options;
    const faults = new FaultList();
    const template = fieldTemplate(new Set(definedNames(templates, version)), '', version, faults);
    recheckReceiver(receiver, '', { mode: 'rendered', version, global, policy, secrets, faults, template });
    return faults.length === 0;
  }

  #parts<T extends { readonly name: string }, R>(
    declared: readonly T[],
    path: (part: T) => string,
    rendered: Readonly<Record<string, R>>,
    last: Readonly<Record<string, R>>,
  ): Record<string, R> {
    const result: Record<string, R> = {};
    for (const part of declared) {
      const [current, older] = [own(rendered, part.name), own(last, part.name)];
      const chosen = current ?? older;
      if (chosen === undefined) this.leftOut.push(path(part));
      else {
        result[part.name] = chosen;
        if (current === undefined) this.lastGood.push(path(part));
      }
    }
    return result;
  }
}

function own<T>(record: Readonly<Record<string, T>> | undefined, name: string): T | undefined {
  return record !== undefined && Object.hasOwn(record, name) ? record[name] : undefined;
}

/** `spec.route.routes[0].matchers[1]` is in the node `spec.route.routes[0]`. */
function nodePath(path: string): string {
  return /^spec\.route(\.routes\[\d+\])*/.exec(path)?.[0] ?? path;
}

/** Names, with prefix, that rendered template files define. */
function definedNames(files: Readonly<Record<string, string>>, version: string): readonly string[] {
  return Object.values(files).flatMap((text) =>
    scanTemplate(text, version)
      .names.filter(({ keyword }) => keyword !== 'template')
      .map(({ name }) => name),
  );
}

function namesIn(route: RenderedRoute): ReadonlySet<string> {
  return new Set([
    ...(route.receiver === undefined ? [] : [route.receiver]),
    ...(route.mute_time_intervals ?? []),
    ...(route.active_time_intervals ?? []),
    ...(route.routes ?? []).flatMap((child) => [...namesIn(child)]),
  ]);
}
