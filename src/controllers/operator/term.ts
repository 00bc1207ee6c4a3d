import type { AlertRoute } from '../../crds/alert-route.ts';
import type { AlertRuleSet } from '../../crds/alert-rule-set.ts';
import type { MonitoringStack } from '../../crds/monitoring-stack.ts';
import type { RetentionPolicy } from '../../crds/retention-policy.ts';
import type { Silence } from '../../crds/silence.ts';
import { Fleet } from '../../reconcilers/fleet/fleet.ts';
import { jsonEqual } from '../../reconcilers/json.ts';
import { readReport } from '../../reconcilers/monitoring-stack/recover.ts';
import { type KubeObject, keyOf, keyText, parseKey } from '../../reconcilers/object.ts';
import type { ObjectGetter } from '../../reconcilers/ports.ts';
import type { ConsentPolicy } from '../../reconcilers/selection.ts';
import { alertRouteOfPath } from '../../render/alertmanager/fragment.ts';
import { childLabels, labelKeys, ruleSetOfPath } from '../../render/names.ts';
import type { TurnBreather } from '../breather.ts';
import type { Change, Informer } from '../informer.ts';
import type { ObjectReader } from '../object-store.ts';
import type { ChildCache } from './child-cache.ts';
import { HeldQueues, type Queues } from './held-queues.ts';

export interface Caches {
  readonly stacks: Informer<MonitoringStack>;
  readonly ruleSets: Informer<AlertRuleSet>;
  readonly routes: Informer<AlertRoute>;
  readonly silences: Informer<Silence>;
  readonly policies: Informer<RetentionPolicy>;
  /** Absent where the operator is bound to namespaces: then no namespace has labels. */
  readonly namespaces: Informer<KubeObject> | undefined;
  readonly pods: Informer<KubeObject>;
  readonly children: readonly Informer<KubeObject>[];
}

/** Changes that come in bursts (status of children, reports) wait this long for each other. */
const burstMs = 20;

const noNamespaces: Pick<ObjectReader<KubeObject>, 'get' | 'list'> = { get: () => undefined, list: () => [] };

/**
 * One time of leading. Its fleet is built from the caches, kept up to date by their changes, and thrown away at the end:
 * another leader may have changed everything in between.
 */
export class Term {
  readonly fleet: Fleet;
  readonly #caches: Caches;
  readonly #children: ChildCache;
  readonly #queues: HeldQueues;
  readonly #breather: Pick<TurnBreather, 'wait'>;
  readonly #ending: (() => void)[] = [];
  #ended = false;

  constructor(
    caches: Caches,
    children: ChildCache,
    queues: Queues,
    consent: ConsentPolicy,
    getter: ObjectGetter,
    breather: Pick<TurnBreather, 'wait'>,
  ) {
    this.#breather = breather;
    this.#caches = caches;
    this.#children = children;
    this.#queues = new HeldQueues(queues);
    const sources = {
      ruleSets: caches.ruleSets.store,
      routes: caches.routes.store,
      namespaces: caches.namespaces?.store ?? noNamespaces,
    };
    this.fleet = new Fleet(sources, consent, getter);
  }

  /**
   * Takes in what the caches hold, in turns, and follows them. No key is worked on before all of it is taken in: a stack that
   * is not known yet would count as gone.
   */
  async begin(): Promise<void> {
    const { stacks, ruleSets, routes, silences, policies, namespaces, pods, children } = this.#caches;
    for (const each of children) await this.#follow(each, (change) => this.#childChanged(change));
    await this.#follow(stacks, (change) => this.#stackChanged(change));
    await this.#follow(ruleSets, (change) => this.#ruleSetChanged(change));
    await this.#follow(routes, (change) => this.#routeChanged(change));
    if (namespaces !== undefined) await this.#follow(namespaces, (change) => this.#namespaceChanged(change));
    await this.#follow(silences, (change) => this.#queues.silence(change.key));
    await this.#follow(policies, (change) => this.#policyChanged(change));
    await this.#follow(pods, (change) => this.#podChanged(change));
    await this.#inTurns(this.#queues.release(), (pass) => pass());
  }

  end(): void {
    this.#ended = true;
    for (const end of this.#ending.splice(0)) end();
  }

  async #follow<T extends KubeObject>(
    source: Informer<T>,
    handler: (change: Change<T>) => void,
  ): Promise<void> {
    if (this.#ended) return;
    this.#ending.push(source.onChange(handler, { replay: false }));
    await this.#inTurns(source.store.list().map(keyOf), (key) => {
      const object = source.store.get(key);
      if (object !== undefined) handler({ type: 'added', key, object });
    });
  }

  /** One after the other, until the term ends, as long as the thread's turn lasts; then in the next one. */
  async #inTurns<T>(items: Iterable<T>, take: (item: T) => void): Promise<void> {
    for (const item of items) {
      for (let turn = this.#breather.wait(); turn !== undefined; turn = this.#breather.wait()) await turn;
      if (this.#ended) return;
      take(item);
    }
  }

  #enqueue(affected: ReturnType<Fleet['upsertStack']>): void {
    for (const key of affected.stacks) this.#queues.stack(key);
    for (const key of affected.ruleSets) this.#queues.ruleSet(key);
    for (const key of affected.routes) this.#queues.route(key);
  }

  #stackChanged(change: Change<MonitoringStack>): void {
    const { type, key, object } = change;
    if (!isStatusOnly(change)) {
      this.#allSilences();
      this.policiesOf(key);
    }
    if (type === 'deleted') this.#queues.stack(key);
    this.#enqueue(type === 'deleted' ? this.fleet.removeStack(key) : this.fleet.upsertStack(object));
  }

  #ruleSetChanged(change: Change<AlertRuleSet>): void {
    if (isStatusOnly(change)) this.#queues.ruleSet(change.key);
    else this.#enqueue(this.fleet.objectChanged('ruleSets', change.key));
  }

  #routeChanged(change: Change<AlertRoute>): void {
    if (isStatusOnly(change)) this.#queues.route(change.key);
    else this.#enqueue(this.fleet.objectChanged('routes', change.key));
  }

  #namespaceChanged({ object, old, type }: Change<KubeObject>): void {
    if (type === 'updated' && jsonEqual(object.metadata.labels, old?.metadata.labels)) return;
    this.#enqueue(this.fleet.namespaceChanged(object.metadata.name));
    for (const silence of this.#caches.silences.store.list(object.metadata.name))
      this.#queues.silence(keyOf(silence));
    // Where pods are discovered may have changed for any stack.
    for (const stack of this.fleet.stacks()) this.#queues.stack(keyText(stack.key), burstMs);
  }

  #childChanged(change: Change<KubeObject>): void {
    const stackKey = this.#children.change(change);
    if (stackKey === undefined) return;
    const key = keyText(stackKey);
    const stack = this.fleet.stack(key);
    const { object } = change;
    if (stack === undefined) {
      // Left behind in another namespace, unless the stack is only not known yet.
      if (object.metadata.namespace !== stackKey.namespace) this.#queues.stack(key);
      return;
    }
    const isEcho = stack.children.cacheShows(object, change.type === 'deleted');
    if (object.metadata.labels?.[labelKeys.name] === childLabels('', 'compactor')[labelKeys.name]) {
      this.policiesOf(key);
      if (object.metadata.name.endsWith('-report')) return;
      if (isEcho) return;
    } else if (object.kind === 'ConfigMap' && object.metadata.name.endsWith('-report')) {
      if (!stack.recovered) return;
      const pod = object.metadata.name.slice(0, -'-report'.length);
      const isPrometheus = object.metadata.labels?.[labelKeys.name] === 'prometheus';
      const bundle = isPrometheus ? stack.ruleBundle : stack.alertmanagerBundle;
      const report = change.type === 'deleted' ? undefined : readReport(object);
      void this.#inTurns(bundle.report(pod, report), (path) => this.#pathChanged(path));
    } else if (isEcho) return;
    this.#queues.stack(key, burstMs);
  }

  #pathChanged(path: string): void {
    const set = ruleSetOfPath(path);
    if (set !== undefined) return this.#queues.ruleSet(keyText(set));
    const route = alertRouteOfPath(path);
    if (route !== undefined) this.#queues.route(keyText(route));
  }

  #policyChanged(change: Change<RetentionPolicy>): void {
    this.#queues.policy(change.key);
    if (isStatusOnly(change)) return;
    for (const { metadata, spec } of [change.object, ...(change.old === undefined ? [] : [change.old])])
      this.#queues.stack(`${metadata.namespace ?? ''}/${spec.stack.name}`);
  }

  /** The policies about a stack have a status to look at. */
  policiesOf(stack: string): void {
    const { namespace = '', name } = parseKey(stack);
    for (const policy of this.#caches.policies.store.list(namespace))
      if (policy.spec.stack.name === name) this.#queues.policy(keyOf(policy));
  }

  /** Any of them may reach other clusters now: there are few of them. */
  #allSilences(): void {
    for (const silence of this.#caches.silences.store.list()) this.#queues.silence(keyOf(silence));
  }

  /** Silences begin and end by the time of day, and statuses of all kinds wait for a time. */
  clockSet(): void {
    this.#allSilences();
    for (const stack of this.fleet.stacks()) this.#queues.stack(keyText(stack.key), burstMs);
    for (const policy of this.#caches.policies.store.list()) this.#queues.policy(keyOf(policy));
  }

  #podChanged({ object }: Change<KubeObject>): void {
    if (object.metadata.labels?.[labelKeys.name] === 'alertmanager') this.#allSilences();
    const name = object.metadata.labels?.[labelKeys.stack];
    const key = `${object.metadata.namespace ?? ''}/${name}`;
    if (name !== undefined && this.fleet.stack(key) !== undefined) this.#queues.stack(key, burstMs);
  }
}

/** Neither the spec nor what selects the object changed. */
function isStatusOnly({ type, object, old }: Change<KubeObject>): boolean {
  return (
    type === 'updated' &&
    old !== undefined &&
    object.metadata.uid === old.metadata.uid &&
    object.metadata.generation === old.metadata.generation &&
    object.metadata.deletionTimestamp === old.metadata.deletionTimestamp &&
    jsonEqual(object.metadata.labels, old.metadata.labels)
  );
}
