import { randomBytes } from 'node:crypto';
import type { Clock } from '../../base/clock.ts';
import { describeError } from '../../base/errors.ts';
import { type Logger, silentLogger } from '../../base/log.ts';
import type { MetricsRegistry } from '../../base/metrics.ts';
import type { Random } from '../../base/random.ts';
import type { AlertRoute } from '../../crds/alert-route.ts';
import type { AlertRuleSet } from '../../crds/alert-rule-set.ts';
import { apiVersion } from '../../crds/metadata.ts';
import type { MonitoringStack } from '../../crds/monitoring-stack.ts';
import type { RetentionPolicy } from '../../crds/retention-policy.ts';
import type { Silence } from '../../crds/silence.ts';
import type { KubeClient } from '../../kube/client.ts';
import { EventRecorder } from '../../kube/event-recorder.ts';
import { routeKind } from '../../reconcilers/alert-route/kind.ts';
import { ruleSetKind } from '../../reconcilers/alert-rule-set/kind.ts';
import { StackReconciler } from '../../reconcilers/monitoring-stack/reconcile.ts';
import type { KubeObject } from '../../reconcilers/object.ts';
import type { EventSink } from '../../reconcilers/ports.ts';
import { RetentionReconciler } from '../../reconcilers/retention-policy/reconcile.ts';
import type { ConsentPolicy } from '../../reconcilers/selection.ts';
import type { AlertmanagerApi } from '../../reconcilers/silence/alertmanager.ts';
import { SilenceReconciler } from '../../reconcilers/silence/reconcile.ts';
import { TeamObjectReconciler } from '../../reconcilers/team-object/reconcile.ts';
import { renderAlertmanager } from '../../render/alertmanager/alertmanager.ts';
import type { AddressPolicy } from '../../render/alertmanager/checks/address.ts';
import { labelKeys, managedBy, ports } from '../../render/names.ts';
import { schemeAnnotation } from '../../render/workload/tls.ts';
import { AlertmanagerClient } from '../alertmanager-api.ts';
import { AlertmanagerTrust } from '../alertmanager-trust.ts';
import { watchClock } from '../clock-watch.ts';
import type { Reconciler, Watch } from '../controller.ts';
import { withoutManagedFields } from '../informer.ts';
import type { LeaseOptions } from '../leader.ts';
import { Manager } from '../manager.ts';
import { ChildCache } from './child-cache.ts';
import { CompactRuleSet } from './compact-rule-set.ts';
import { CompileRunner } from './compile-runner.ts';
import type { Queues } from './held-queues.ts';
import { KubeObjectWriter, kubeGetter } from './object-writer.ts';
import { allClusters, type Members, type PodAddress, silenceClusters } from './silence-clusters.ts';
import { type Caches, Term } from './term.ts';

/** Label that gives an object to one of several installations; without it objects belong to the one without class. */
export const classLabel = 'promfleet.dev/class';

export interface OperatorOptions {
  readonly client: KubeClient;
  readonly clock: Clock;
  readonly random: Random;
  readonly log?: Logger;
  readonly metrics: MetricsRegistry;
  readonly lease?: LeaseOptions;
  /** Only these namespaces, by rights in them alone; absent: all, and namespaces can be selected by label. */
  readonly namespaces?: readonly string[];
  readonly class?: string;
  readonly consent: ConsentPolicy;
  readonly addresses: AddressPolicy;
  readonly agentImage: string;
  /** Of the operator itself. */
  readonly version?: string;
  /** Bound where a stack discovers targets; absent: Roles are made instead. */
  readonly discoveryClusterRole?: string;
  /** Which process speaks in Events. */
  readonly instance: string;
  readonly shutdownMs?: number;
  /** How Alertmanagers are spoken to; by HTTP where absent. */
  readonly alertmanagers?: AlertmanagerApi;
}

/** Kinds of children that are watched, by the label that all of them carry. Secrets are never watched. */
const childKinds = [
  ['v1', 'ConfigMap'],
  ['v1', 'Service'],
  ['v1', 'ServiceAccount'],
  ['apps/v1', 'Deployment'],
  ['apps/v1', 'StatefulSet'],
  ['networking.k8s.io/v1', 'NetworkPolicy'],
  ['policy/v1', 'PodDisruptionBudget'],
  ['rbac.authorization.k8s.io/v1', 'Role'],
  ['rbac.authorization.k8s.io/v1', 'RoleBinding'],
] as const;

/** How often silences without an object are looked for. */
const sweepIntervalMs = 60_000;

/** Status writes that are in flight at once: few, so that content goes first. */
const statusConcurrency = 8;
const stackConcurrency = 4;

/** The operator, ready to `run`. */
export function createOperator(options: OperatorOptions): Manager {
  const { clock, random, metrics, log = silentLogger } = options;
  const manager = new Manager({
    client: options.client,
    clock,
    random,
    log,
    metrics,
    ...(options.lease === undefined ? {} : { lease: options.lease }),
    ...(options.shutdownMs === undefined ? {} : { shutdownMs: options.shutdownMs }),
  });
  const caches = createCaches(manager, options);
  const recorder = new EventRecorder({
    client: manager.client,
    component: 'promfleet-operator',
    instance: options.instance,
    log,
  });
  manager.task({ name: 'events', run: (signal) => recorder.run(signal), whileLeading: true });
  const compilation = new CompileRunner(clock);
  manager.task({
    name: 'compile worker',
    run: (signal) => untilAborted(signal, () => compilation.close()),
    whileLeading: false,
  });
  const parts = new TermParts(options, manager, caches, recorder, compilation);
  const begin = (place: Place): Watch => ({
    start: (add) => parts.start(place, add),
  });
  const delegate = (pick: (parts: TermParts) => Reconciler): Reconciler => ({
    reconcile: (key, signal) => pick(parts).reconcile(key, signal),
  });
  parts.stackQueue = manager.controller({
    name: 'monitoringstack',
    reconciler: delegate(({ stacks }) => stacks),
    watches: [begin('stack')],
    concurrency: stackConcurrency,
  }).queue;
  manager.controller({
    name: 'alertruleset',
    reconciler: delegate(({ ruleSets }) => ruleSets),
    watches: [begin('ruleSet')],
    concurrency: statusConcurrency,
  });
  manager.controller({
    name: 'alertroute',
    reconciler: delegate(({ routes }) => routes),
    watches: [begin('route')],
    concurrency: statusConcurrency,
  });
  manager.controller({
    name: 'silence',
    reconciler: delegate(({ silences }) => silences),
    watches: [begin('silence')],
    concurrency: statusConcurrency,
  });
  manager.controller({
    name: 'retentionpolicy',
    reconciler: delegate(({ policies }) => policies),
    watches: [begin('policy')],
    concurrency: statusConcurrency,
  });
  manager.task({ name: 'silence sweep', run: (signal) => parts.sweep(signal), whileLeading: true });
  manager.task({ name: 'clock watch', run: (signal) => parts.watchClock(signal), whileLeading: true });
  return manager;
}

function createCaches(manager: Manager, options: OperatorOptions): Caches {
  const scope = options.namespaces === undefined ? {} : { namespaces: options.namespaces };
  const own = {
    labelSelector: options.class === undefined ? `!${classLabel}` : `${classLabel}=${options.class}`,
  };
  const managed = { labelSelector: `${labelKeys.managedBy}=${managedBy}` };
  return {
    stacks: manager.informer<MonitoringStack>({ apiVersion, kind: 'MonitoringStack', ...own }, scope),
    ruleSets: manager.informer<AlertRuleSet>(
      { apiVersion, kind: 'AlertRuleSet', ...own },
      { ...scope, transform: (object) => new CompactRuleSet(object) },
    ),
    routes: manager.informer<AlertRoute>({ apiVersion, kind: 'AlertRoute', ...own }, scope),
    silences: manager.informer<Silence>({ apiVersion, kind: 'Silence', ...own }, scope),
    policies: manager.informer<RetentionPolicy>({ apiVersion, kind: 'RetentionPolicy', ...own }, scope),
    namespaces:
      options.namespaces === undefined
        ? manager.informer<KubeObject>({ apiVersion: 'v1', kind: 'Namespace' }, { transform: metadataOnly })
        : undefined,
    pods: manager.informer<KubeObject>(
      { apiVersion: 'v1', kind: 'Pod', ...managed },
      { ...scope, transform: podEssentials },
    ),
    children: childKinds.map(([version, kind]) =>
      manager.informer<KubeObject>(
        { apiVersion: version, kind, ...managed },
        { ...scope, transform: withoutManagedFields },
      ),
    ),
  };
}

const places = ['stack', 'ruleSet', 'route', 'silence', 'policy'] as const;
type Place = (typeof places)[number];

/** What is made anew each time the operator begins to lead. */
class TermParts {
  stackQueue: { add(key: string): void; addAfter(key: string, delayMs: number): void } | undefined;
  stacks!: StackReconciler;
  ruleSets!: Reconciler;
  routes!: Reconciler;
  silences!: SilenceReconciler;
  policies!: RetentionReconciler;
  readonly #options: OperatorOptions;
  readonly #manager: Manager;
  readonly #caches: Caches;
  readonly #events: EventSink;
  readonly #compilation: CompileRunner;
  readonly #adds: Partial<Record<Place, (key: string) => void>> = {};
  #term: Term | undefined;

  constructor(
    options: OperatorOptions,
    manager: Manager,
    caches: Caches,
    recorder: EventRecorder,
    compilation: CompileRunner,
  ) {
    this.#options = options;
    this.#manager = manager;
    this.#caches = caches;
    this.#events = { emit: (object, event) => recorder.emit(object, event) };
    this.#compilation = compilation;
  }

  /** Called once by each controller when leading begins; the last call builds the term. Returns how to end it. */
  start(place: Place, add: (key: string) => void): () => void {
    this.#adds[place] = add;
    if (places.every((each) => this.#adds[each] !== undefined)) this.#begin();
    return () => {
      delete this.#adds[place];
      this.#term?.end();
      this.#term = undefined;
    };
  }

  #begin(): void {
    const { clock, metrics, consent, addresses, agentImage, version, discoveryClusterRole } = this.#options;
    const caches = this.#caches;
    const queues: Queues = {
      stack: (key, delayMs) =>
        delayMs === undefined ? this.#adds.stack?.(key) : this.stackQueue?.addAfter(key, delayMs),
      ruleSet: (key) => this.#adds.ruleSet?.(key),
      route: (key) => this.#adds.route?.(key),
      silence: (key) => this.#adds.silence?.(key),
      policy: (key) => this.#adds.policy?.(key),
    };
    const getter = kubeGetter(this.#manager.client);
    const children = new ChildCache();
    const term = new Term(caches, children, queues, consent, getter, this.#manager.breather);
    const common = {
      fleet: term.fleet,
      writer: new KubeObjectWriter(this.#manager.client, metrics),
      events: this.#events,
      compilation: this.#compilation,
      clock,
    };
    this.stacks = new StackReconciler({
      ...common,
      stacks: caches.stacks.store,
      ruleSets: caches.ruleSets.store,
      routes: caches.routes.store,
      policies: caches.policies.store,
      namespaces: caches.namespaces?.store ?? { get: () => undefined, list: () => [] },
      children,
      isPodReady: (namespace, pod) => isReady(caches.pods.store.get(`${namespace}/${pod}`)),
      getter,
      renderAlertmanager,
      breather: this.#manager.breather,
      options: {
        agentImage,
        ...(version === undefined ? {} : { version }),
        consent,
        addresses,
        serial: () => randomBytes(16),
        ...(discoveryClusterRole === undefined ? {} : { discoveryClusterRole }),
      },
      touched: (kind, keys) => {
        const add = kind === 'ruleSets' ? queues.ruleSet : queues.route;
        for (const key of keys) add(key);
      },
      retentionWritten: (stack) => term.policiesOf(stack),
    });
    this.ruleSets = new TeamObjectReconciler(ruleSetKind(this.#compilation), {
      ...common,
      objects: caches.ruleSets.store,
    });
    this.routes = new TeamObjectReconciler(routeKind(addresses), {
      ...common,
      objects: caches.routes.store,
    });
    this.silences = new SilenceReconciler({
      ...common,
      silences: caches.silences.store,
      clusters: (silence) => silenceClusters(term.fleet, silence, this.#members),
      allClusters: () => allClusters(term.fleet, this.#members),
      api: this.#options.alertmanagers ?? new AlertmanagerClient(this.#members.trust.dispatcher()),
      platformNamespaces: consent.platformNamespaces,
    });
    this.policies = new RetentionReconciler({ ...common, policies: caches.policies.store, children });
    this.#term = term;
    void term.begin();
  }

  /** Until `signal` aborts: expires silences whose objects are gone. Alertmanagers that do not answer are tried again. */
  async sweep(signal: AbortSignal): Promise<void> {
    const { clock, log = silentLogger } = this.#options;
    while (!signal.aborted) {
      await clock.sleep(sweepIntervalMs, signal).catch(() => {});
      const term = this.#term;
      if (signal.aborted || term === undefined) continue;
      try {
        const expired = await this.silences.sweep(allClusters(term.fleet, this.#members));
        if (expired > 0) log.info({ expired }, 'expired silences whose objects are gone');
      } catch (error) {
        log.warn({ reason: describeError(error) }, 'looking for silences without an object failed');
      }
    }
  }

  /** Until `signal` aborts: what waits for a time of day is looked at again when the clock was set. */
  async watchClock(signal: AbortSignal): Promise<void> {
    const { clock, log = silentLogger } = this.#options;
    await watchClock(clock, signal, (byMs) => {
      log.warn({ byMs }, 'the clock was set; everything that depends on the time is looked at again');
      this.#term?.clockSet();
    });
  }

  readonly #addressOf: PodAddress = (namespace, pod) => {
    const { status, metadata } = (this.#caches.pods.store.get(`${namespace}/${pod}`) ?? {}) as Partial<Pod>;
    const isTls = metadata?.annotations?.[schemeAnnotation] === 'https';
    return status?.podIP === undefined ? undefined : { host: status.podIP, webPort: status.webPort, isTls };
  };

  readonly #members: Members = { addressOf: this.#addressOf, trust: new AlertmanagerTrust() };
}

function metadataOnly(object: KubeObject): KubeObject {
  const { apiVersion: version, kind, metadata } = withoutManagedFields(object);
  return { apiVersion: version, kind, metadata };
}

interface Pod extends KubeObject {
  readonly spec?: { readonly containers?: readonly { readonly ports?: readonly PodPort[] }[] };
  readonly status?: {
    readonly podIP?: string;
    /** Not of Kubernetes: the number of the server's port, kept out of the spec. */
    readonly webPort?: number;
    readonly phase?: string;
    readonly conditions?: readonly { readonly type: string; readonly status: string }[];
  };
}

interface PodPort {
  readonly name?: string;
  readonly containerPort: number;
}

/** Metadata, address, port, phase and conditions: specs of pods are large and not needed. */
function podEssentials(object: KubeObject): KubeObject {
  const { spec, status } = object as Pod;
  const declared = spec?.containers?.flatMap((container) => container.ports ?? []);
  const webPort = declared?.find(({ name }) => name === ports.alertmanager.name)?.containerPort;
  const { podIP, phase, conditions } = status ?? {};
  const ready = conditions?.filter(({ type }) => type === 'Ready');
  return { ...metadataOnly(object), status: { podIP, webPort, phase, conditions: ready } } as KubeObject;
}

function isReady(pod: KubeObject | undefined): boolean {
  if (pod === undefined || pod.metadata.deletionTimestamp !== undefined) return false;
  const conditions = (pod as Pod).status?.conditions ?? [];
  return conditions.some(({ type, status }) => type === 'Ready' && status === 'True');
}

function untilAborted(signal: AbortSignal, close: () => Promise<void>): Promise<void> {
  return new Promise((resolve, reject) => {
    const end = () => void close().then(resolve, reject);
    if (signal.aborted) end();
    else signal.addEventListener('abort', end, { once: true });
  });
}
