import type { AlertRoute } from '../../crds/alert-route.ts';
import type { AlertRuleSet } from '../../crds/alert-rule-set.ts';
import type { MonitoringStack } from '../../crds/monitoring-stack.ts';
import type { Silence } from '../../crds/silence.ts';
import { matchesSelector } from '../label-selector.ts';
import { type KubeObject, keyOf } from '../object.ts';
import type { ObjectGetter } from '../ports.ts';
import { type ConsentPolicy, selectObject, type Verdict } from '../selection.ts';
import { StackState } from './stack-state.ts';

/** A cache of objects by key, kept by somebody else. */
export interface ObjectSource<T> {
  get(key: string): T | undefined;
  /** In one namespace, or all. */
  list(namespace?: string): readonly T[];
}

export interface FleetSources {
  readonly ruleSets: ObjectSource<AlertRuleSet>;
  readonly routes: ObjectSource<AlertRoute>;
  readonly namespaces: ObjectSource<KubeObject>;
}

export interface StackVerdict {
  readonly stack: StackState;
  readonly verdict: Verdict;
}

/** Keys that need work after a change. */
export interface Affected {
  readonly stacks: readonly string[];
  readonly ruleSets: Iterable<string>;
  readonly routes: Iterable<string>;
}

type TeamKind = 'ruleSets' | 'routes';

/** All stacks, and which of the teams' objects each of them takes. A change marks as few objects as it concerns. */
export class Fleet {
  readonly #stacks = new Map<string, StackState>();
  readonly #sources: FleetSources;
  readonly #policy: ConsentPolicy;
  readonly #getter: ObjectGetter;

  constructor(sources: FleetSources, policy: ConsentPolicy, getter: ObjectGetter) {
    this.#sources = sources;
    this.#policy = policy;
    this.#getter = getter;
  }

  stack(key: string): StackState | undefined {
    return this.#stacks.get(key);
  }

  stacks(): IterableIterator<StackState> {
    return this.#stacks.values();
  }

  /** What every stack says about an object of this kind. */
  verdicts(kind: TeamKind, object: KubeObject): StackVerdict[] {
    return [...this.#stacks.values()].map((stack) => ({ stack, verdict: this.verdict(kind, stack, object) }));
  }

  /** A stack takes its platformRoute whatever its labels, and no route at all without Alertmanagers. */
  verdict(kind: TeamKind, stack: StackState, object: KubeObject): Verdict {
    const { platformRoute, replicas } = stack.object.spec.alertmanager ?? {};
    const { selector } = stack[kind];
    const { namespace = '', name } = object.metadata;
    if (kind === 'routes' && replicas === 0)
      return { selected: false, reason: 'NoAlertmanager', message: 'the stack runs no Alertmanager' };
    if (
      kind === 'routes' &&
      platformRoute?.name === name &&
      namespace === stack.key.namespace &&
      selector.closed === undefined
    )
      return { selected: true, reason: 'Selected', message: "the stack's platformRoute" };
    const labels = this.#sources.namespaces.get(namespace)?.metadata.labels;
    return selectObject(selector, object.metadata, labels, this.#policy);
  }

  /** What a stack says about a Silence. */
  silenceVerdict(stack: StackState, object: Silence): Verdict {
    const { stacks } = object.spec;
    if (stacks !== undefined && !matchesSelector(stacks, stack.object.metadata.labels))
      return { selected: false, reason: 'StackNotSelected', message: 'the silence selects other stacks' };
    if (stack.object.spec.alertmanager?.replicas === 0)
      return { selected: false, reason: 'NoAlertmanager', message: 'the stack runs no Alertmanager' };
    const select = stack.object.spec.alertmanager?.select;
    const selector = { ...stack.routes.selector, namespaces: select?.namespaces, objects: select?.silences };
    const labels = this.#sources.namespaces.get(object.metadata.namespace ?? '')?.metadata.labels;
    return selectObject(selector, object.metadata, labels, this.#policy);
  }

  upsertStack(object: MonitoringStack): Affected {
    const key = keyOf(object);
    const known = this.#stacks.get(key);
    // A namesake made anew shares nothing with the old one.
    const isNew = known === undefined || known.object.metadata.uid !== object.metadata.uid;
    const stack = isNew ? new StackState(object, this.#getter) : known;
    const changed = isNew ? { ruleSets: true, routes: true } : stack.update(object);
    if (isNew) this.#stacks.set(key, stack);
    return {
      stacks: [key],
      ruleSets: changed.ruleSets ? this.#markAll('ruleSets', stack) : [],
      routes: changed.routes ? this.#markAll('routes', stack) : [],
    };
  }

  removeStack(key: string): Affected {
    if (!this.#stacks.delete(key)) return { stacks: [], ruleSets: [], routes: [] };
    const keys = (kind: TeamKind) => this.#sources[kind].list().map(keyOf);
    return { stacks: [key], ruleSets: keys('ruleSets'), routes: keys('routes') };
  }

  /** A team's object came, changed or went. */
  objectChanged(kind: TeamKind, key: string): Affected {
    const object = this.#sources[kind].get(key);
    const stacks: string[] = [];
    for (const stack of this.#stacks.values()) {
      if (this.#mark(kind, stack, key, object)) stacks.push(keyText(stack));
    }
    return { stacks, ruleSets: kind === 'ruleSets' ? [key] : [], routes: kind === 'routes' ? [key] : [] };
  }

  /** The labels of a namespace changed: selection and consent of everything in it may have. */
  namespaceChanged(namespace: string): Affected {
    const stacks = new Set<string>();
    const keys = { ruleSets: [] as string[], routes: [] as string[] };
    for (const kind of ['ruleSets', 'routes'] as const) {
      for (const object of this.#sources[kind].list(namespace)) {
        const key = keyOf(object);
        keys[kind].push(key);
        for (const stack of this.#stacks.values()) {
          if (this.#mark(kind, stack, key, object)) stacks.add(keyText(stack));
        }
      }
    }
    return { stacks: [...stacks], ...keys };
  }

  #markAll(kind: TeamKind, stack: StackState): string[] {
    const keys = this.#sources[kind].list().map(keyOf);
    for (const key of keys) this.#mark(kind, stack, key, this.#sources[kind].get(key));
    for (const key of stack[kind].records.keys()) stack[kind].mark(key);
    return keys;
  }

  #mark(kind: TeamKind, stack: StackState, key: string, object: KubeObject | undefined): boolean {
    const view = stack[kind];
    const concerned =
      view.concerns(key) || (object !== undefined && this.verdict(kind, stack, object).selected);
    if (concerned) view.mark(key);
    return concerned;
  }
}

function keyText(stack: StackState): string {
  return `${stack.key.namespace}/${stack.key.name}`;
}
