import { isDefect } from '../../base/assert.ts';
import type { Clock } from '../../base/clock.ts';
import { CodedError, StalledError } from '../../base/errors.ts';
import { limits } from '../../base/limits.ts';
import type { AlertRoute } from '../../crds/alert-route.ts';
import type { AlertRuleSet } from '../../crds/alert-rule-set.ts';
import { apiVersion } from '../../crds/metadata.ts';
import type { MonitoringStack } from '../../crds/monitoring-stack.ts';
import type { RetentionPolicy } from '../../crds/retention-policy.ts';
import type { AlertmanagerInput } from '../../render/alertmanager/alertmanager.ts';
import type { AddressPolicy } from '../../render/alertmanager/checks/address.ts';
import { alertmanagerVersionFault } from '../../render/alertmanager/config.ts';
import type { PackedSlot } from '../../render/bundle/pack.ts';
import { finalizer, reportName, type Server } from '../../render/names.ts';
import { renderPrometheus } from '../../render/prometheus/prometheus.ts';
import { defaultVersion, versionFault } from '../../render/prometheus/versions.ts';
import type { Manifest, RenderFault } from '../../render/workload/manifest.ts';
import { objectStoreFile, ships } from '../../render/workload/object-store.ts';
import { speaksTls } from '../../render/workload/tls.ts';
import { slotManifest } from '../../render/workload/transport.ts';
import { dialectOf } from '../alert-rule-set/compile.ts';
import type { Fleet, ObjectSource } from '../fleet/fleet.ts';
import type { StackState } from '../fleet/stack-state.ts';
import { jsonEqual } from '../json.ts';
import { type KubeObject, keyOf, type ObjectKey } from '../object.ts';
import type { Breather, ChildSource, EventSink, ObjectGetter, ObjectWriter } from '../ports.ts';
import { secretAgeMs } from '../secret-values.ts';
import type { ConsentPolicy } from '../selection.ts';
import { pinAgentImage } from './agent-image.ts';
import {
  alertmanagerHalf,
  alertmanagerSecretKeys,
  selectedRoutes,
  updateRoutes,
} from './alertmanager-half.ts';
import { applyChildren, hashManifests, phasesOf } from './apply.ts';
import { compactorHalf } from './compactor-half.ts';
import { discoveryNamespaces } from './discovery.ts';
import { type Draining, decideDraining, drainFault } from './draining.ts';
import { type Half, prometheusHalf } from './prometheus-half.ts';
import { observeQuery, queryServers } from './query-servers.ts';
import { configMap, followReplicas, ownSecretKeys, readShipperReport, recoverBundles } from './recover.ts';
import { type RuleSetCompilation, updateRules } from './rules.ts';
import { identitiesHalf, identityFor, keepIdentities } from './stack-identities.ts';
import { decideStackStatus, type StackFault, toldIndexHash } from './status.ts';
import { growVolumes } from './volume-growth.ts';
import { declaredWorkloads, observeWorkload } from './workloads.ts';

export interface StackReconcilerOptions {
  /** Image that new agents run. */
  readonly agentImage: string;
  /** Of the operator; absent: it is not compared with that of its agents. */
  readonly version?: string;
  /** Bound where a stack discovers targets; absent: Roles are made instead. */
  readonly discoveryClusterRole?: string;
  readonly consent: ConsentPolicy;
  readonly addresses: AddressPolicy;
  /** 16 random bytes for a certificate. */
  readonly serial: () => Uint8Array;
}

export interface RenderedWorkload {
  readonly manifests: readonly Manifest[];
  readonly faults: readonly RenderFault[];
}

export interface StackReconcilerParts {
  readonly fleet: Fleet;
  readonly stacks: ObjectSource<MonitoringStack>;
  readonly ruleSets: ObjectSource<AlertRuleSet>;
  readonly routes: ObjectSource<AlertRoute>;
  readonly policies: ObjectSource<RetentionPolicy>;
  readonly namespaces: ObjectSource<KubeObject>;
  readonly children: ChildSource;
  readonly isPodReady: (namespace: string, pod: string) => boolean;
  readonly writer: ObjectWriter;
  readonly getter: ObjectGetter;
  readonly events: EventSink;
  readonly compilation: RuleSetCompilation;
  readonly renderAlertmanager: (input: AlertmanagerInput) => RenderedWorkload;
  readonly breather: Breather;
  readonly clock: Clock;
  readonly options: StackReconcilerOptions;
  /** The status of these objects may have changed. */
  readonly touched: (kind: 'ruleSets' | 'routes', keys: Iterable<string>) => void;
  /** The retention document of a stack has been written. */
  readonly retentionWritten: (stack: string) => void;
}

interface Desired {
  readonly prometheus: Half;
  readonly alertmanager: Half | undefined;
  /** These and those without files, all together. */
  readonly halves: readonly Half[];
  readonly agentImage: string;
  readonly draining: Draining;
  readonly faults: readonly StackFault[];
}

/**
 * What of an error the stack and the objects that it selects are told: what does not pass by itself. Of a defect only its
 * sort, as its text may quote anything; the log has it whole.
 */
function problemOf(error: unknown): StackFault | undefined {
  if (isDefect(error))
    return {
      code: 'InternalError',
      message: `the operator failed (${error.name}) and tries again; its log tells where`,
    };
  if (!(error instanceof CodedError)) return undefined;
  const stays = error instanceof StalledError || error.code === 'ApiInvalid' || error.code === 'ApiForbidden';
  return stays ? { code: error.code, message: error.message } : undefined;
}

/** Brings one stack to its declared state: observe, decide, apply; see the README of this folder. */
export class StackReconciler {
  readonly #parts: StackReconcilerParts;
  readonly #routeFaults = new WeakMap<StackState, readonly StackFault[]>();

  constructor(parts: StackReconcilerParts) {
    this.#parts = parts;
  }

  async reconcile(key: string): Promise<{ readonly requeueAfterMs?: number } | undefined> {
    const object = this.#parts.stacks.get(key);
    const stack = this.#parts.fleet.stack(key);
    if (object === undefined || stack === undefined) return await this.#clearAfter(key);
    if (object.metadata.deletionTimestamp !== undefined) return await this.#leave(stack);
    if (object.spec.suspend === true) {
      await this.#writeStatus(stack, []);
      return undefined;
    }
    try {
      const desired = await this.#bringAbout(stack);
      this.#setProblem(stack, undefined);
      await this.#writeStatus(stack, desired.faults, desired);
      const isWaiting = stack.ruleSets.dirtyCount > 0;
      return { requeueAfterMs: isWaiting ? limits.compileAgainMs : secretAgeMs };
    } catch (error) {
      stack.routes.giveBack();
      const problem = problemOf(error);
      if (problem !== undefined) {
        this.#setProblem(stack, problem);
        await this.#writeStatus(stack, [problem]);
      }
      throw error;
    }
  }

  async #bringAbout(stack: StackState): Promise<Desired> {
    const { fleet, clock, children, getter, writer, routes, options } = this.#parts;
    this.#checkVersions(stack.object);
    const cached = children.of(stack.key);
    // In one breath: a route that comes while something is waited for is marked for the next time.
    const marked = stack.routes.take();
    const selected = selectedRoutes(stack, fleet, routes);
    await stack.ownSecrets.load(ownSecretKeys(stack, cached), getter, clock.nowMs(), stack.children);
    keepIdentities(stack, { nowMs: clock.nowMs(), serial: options.serial });
    await stack.secrets.load(this.#secretKeys(stack, selected), clock.nowMs());
    if (!stack.recovered) {
      for (const name of await recoverBundles(stack, cached, this.#parts.breather))
        this.#parts.events.emit(stack.object, {
          type: 'Warning',
          reason: 'CorruptData',
          message: `slot ${name} could not be read; its files are written anew`,
        });
    }
    if (followReplicas(stack, cached)) {
      note(stack.untold.ruleSets, stack.ruleSets.records.keys());
      note(stack.untold.routes, stack.routes.records.keys());
    }
    const rules = await updateRules(
      stack,
      dialectOf(stack.object),
      fleet,
      this.#parts.ruleSets,
      this.#parts.compilation,
      this.#parts.breather,
      clock,
    );
    note(stack.untold.ruleSets, rules.touched);
    const before = this.#routeFaults.get(stack) ?? [];
    const routeUpdate = await updateRoutes(
      stack,
      marked,
      selected,
      this.#parts.options.addresses,
      before,
      this.#parts.breather,
    );
    this.#routeFaults.set(stack, routeUpdate.faults);
    note(stack.untold.routes, routeUpdate.touched);
    const { breather } = this.#parts;
    try {
      await breather.breathe();
      const desired = this.#desired(stack, cached, routeUpdate.faults);
      const { halves } = desired;
      const phases = phasesOf(halves);
      await hashManifests(phases, breather);
      const live = new Map([...cached, ...stack.ownSecrets.live()]);
      const workloads = halves.flatMap((half) => half.workloads);
      await growVolumes(stack, workloads, stack.children.overlay(live), stack.children, { getter, writer });
      const shown = (identity: string) => children.of(stack.key).get(identity);
      await applyChildren(phases, live, stack.children, writer, shown, breather);
      stack.ruleBundle.confirm(desired.prometheus.slotHashes);
      if (desired.alertmanager !== undefined)
        stack.alertmanagerBundle.confirm(desired.alertmanager.slotHashes);
      stack.programmedOnce = true;
      this.#parts.retentionWritten(keyOf(stack.object));
      await this.#tell(stack);
      stack.untold.ruleSets.clear();
      stack.untold.routes.clear();
      return desired;
    } catch (error) {
      // A write whose answer was lost may have made a Secret that no list shows.
      stack.ownSecrets.forget();
      // They are told again when it has been written.
      await this.#tell(stack);
      throw error;
    }
  }

  async #tell({ untold }: StackState): Promise<void> {
    const { touched, breather } = this.#parts;
    for (const kind of ['ruleSets', 'routes'] as const) {
      for (const key of untold[kind]) {
        touched(kind, [key]);
        await breather.breathe();
      }
    }
  }

  #checkVersions(object: MonitoringStack): void {
    const prometheus = versionFault(object.spec.prometheus?.version ?? defaultVersion);
    if (prometheus !== undefined)
      throw new StalledError('VersionUnsupported', `spec.prometheus.version: ${prometheus}`);
    const { version, replicas = 3 } = object.spec.alertmanager ?? {};
    const alertmanager =
      version === undefined || replicas === 0 ? undefined : alertmanagerVersionFault(version);
    if (alertmanager !== undefined)
      throw new StalledError('VersionUnsupported', `spec.alertmanager.version: ${alertmanager}`);
  }

  #secretKeys(stack: StackState, selected: ReturnType<typeof selectedRoutes>) {
    const scrape = stack.object.spec.prometheus?.additionalScrapeConfigs;
    const bucket = stack.object.spec.objectStore?.secretRef;
    const own = [scrape, bucket].flatMap((ref) =>
      ref === undefined ? [] : [{ namespace: stack.key.namespace, name: ref.name }],
    );
    return [...own, ...alertmanagerSecretKeys(stack.object, selected)];
  }

  #desired(
    stack: StackState,
    cached: ReadonlyMap<string, KubeObject>,
    routeFaults: readonly StackFault[],
  ): Desired {
    const { object } = stack;
    const { options, namespaces, renderAlertmanager } = this.#parts;
    const overlaid = stack.children.overlay(cached);
    const statefulSets = (server: Server) => {
      const names = declaredWorkloads(object).filter((workload) => workload.server === server);
      return new Map(
        names.flatMap(({ name }) => {
          const live = overlaid.get(`apps/v1 StatefulSet ${stack.key.namespace}/${name}`);
          return live === undefined ? [] : [[name, live] as const];
        }),
      );
    };
    const discovery = discoveryNamespaces(object, namespaces, options.consent);
    const manifestOf = (kind: 'ConfigMap' | 'Secret', server: Server) => (slot: PackedSlot) => {
      const known = stack.slotManifests.get(slot);
      if (known !== undefined) return known;
      const manifest = slotManifest(object, { kind, name: slot.name, bytes: slot.bytes, server });
      stack.slotManifests.set(slot, manifest);
      return manifest;
    };
    const draining = this.#draining(stack, overlaid);
    const { effective } = draining;
    const first = pinAgentImage(object, options.agentImage, statefulSets('prometheus'), (pin) =>
      renderPrometheus({
        stack: effective,
        agentImage: pin.agentImage,
        tls: speaksTls(object, pin.schema),
        discoveryNamespaces: discovery,
        ...(options.discoveryClusterRole === undefined
          ? {}
          : { discoveryClusterRole: options.discoveryClusterRole }),
      }),
    );
    const scrape = object.spec.prometheus?.additionalScrapeConfigs;
    const additional =
      scrape === undefined ? undefined : stack.secrets.value(stack.key.namespace, scrape.name, scrape.key);
    const prometheus = prometheusHalf({
      stack: object,
      bundle: stack.ruleBundle,
      rendered: first.rendered,
      discoveryNamespaces: discovery,
      additionalScrapeConfigs: additional,
      shards: effective.spec.prometheus?.shards ?? 1,
      drain: draining.drain,
      identity: identityFor(stack, 'prometheus'),
      slotManifestOf: manifestOf('ConfigMap', 'prometheus'),
    });
    const hasAlertmanager = (object.spec.alertmanager?.replicas ?? 3) > 0;
    const second = hasAlertmanager
      ? pinAgentImage(object, options.agentImage, statefulSets('alertmanager'), (pin) =>
          renderAlertmanager({
            stack: object,
            agentImage: pin.agentImage,
            tls: speaksTls(object, pin.schema),
          }),
        )
      : undefined;
    const alertmanager =
      second === undefined
        ? undefined
        : alertmanagerHalf(
            object,
            stack.alertmanagerBundle.packing,
            second.rendered,
            manifestOf('Secret', 'alertmanager'),
          );
    const query = queryServers(effective, overlaid, options.agentImage, speaksTls(object, first.schema));
    const compactor = compactorHalf(
      object,
      overlaid,
      options.agentImage,
      this.#parts.policies.list(stack.key.namespace),
      this.#parts.clock.nowMs(),
    );
    const identities = identitiesHalf(stack);
    const halves = [
      ...(identities === undefined ? [] : [identities]),
      prometheus,
      ...(alertmanager === undefined ? [] : [alertmanager]),
      query,
      compactor,
    ];
    const faults = halves
      .flatMap((half) => half.faults)
      .map(({ code, path, message }): StackFault => ({ path, code, message }));
    const late = drainFault(draining, stack.drainingSinceMs, this.#parts.clock.monotonicMs());
    if (late !== undefined) faults.push(late);
    if (scrape !== undefined && additional === undefined)
      faults.push({
        path: 'spec.prometheus.additionalScrapeConfigs',
        code: 'SecretKeyMissing',
        message: `Secret ${scrape.name} or its key ${scrape.key} does not exist`,
      });
    const bucket = object.spec.objectStore?.secretRef;
    if (bucket !== undefined) {
      const { name, key = objectStoreFile } = bucket;
      if (stack.secrets.value(stack.key.namespace, name, key) === undefined)
        faults.push({
          path: 'spec.objectStore.secretRef',
          code: 'SecretKeyMissing',
          message: `Secret ${name} or its key ${key} does not exist`,
        });
    }
    const { agentImage } = first;
    return {
      prometheus,
      alertmanager,
      halves,
      agentImage,
      draining,
      faults: [...faults, ...routeFaults],
    };
  }

  /** Which pods are to go and may not yet. */
  #draining(stack: StackState, live: ReadonlyMap<string, KubeObject>): Draining {
    const { namespace } = stack.key;
    const prefix = `apps/v1 StatefulSet ${namespace}/`;
    const sets = new Map<string, KubeObject>();
    for (const [identity, object] of live)
      if (identity.startsWith(prefix)) sets.set(identity.slice(prefix.length), object);
    const draining = decideDraining(stack.object, sets, (pod) =>
      readShipperReport(configMap(live, namespace, reportName(pod))),
    );
    if (draining.waiting.length === 0) stack.drainingSinceMs = undefined;
    else stack.drainingSinceMs ??= this.#parts.clock.monotonicMs();
    return draining;
  }

  /**
   * The stack is gone. Children in other namespaces have no owner reference, so they are removed here, and not by a
   * finalizer: that would hold a namespace back for as long as no operator runs. A stack of another class is not in the
   * cache, so the API is asked.
   */
  async #clearAfter(key: string): Promise<undefined> {
    const [namespace = '', name = ''] = key.split('/');
    const outside = this.#outside({ namespace, name });
    if (outside.length === 0) return undefined;
    const found = await this.#parts.getter.get(apiVersion, 'MonitoringStack', { namespace, name });
    if (found !== undefined) return undefined;
    for (const object of outside) await this.#parts.writer.remove(object);
    return undefined;
  }

  /** The stack is being deleted, held back by somebody else's finalizer or by one that early versions set. */
  async #leave(stack: StackState): Promise<undefined> {
    for (const object of this.#outside(stack.key)) await this.#parts.writer.remove(object);
    const present = stack.object.metadata.finalizers ?? [];
    if (present.includes(finalizer))
      await this.#parts.writer.setFinalizers(
        stack.object,
        present.filter((each) => each !== finalizer),
      );
    return undefined;
  }

  #outside(stack: ObjectKey): readonly KubeObject[] {
    const children = [...this.#parts.children.of(stack).values()];
    return children.filter(
      ({ metadata }) => metadata.namespace !== stack.namespace && metadata.deletionTimestamp === undefined,
    );
  }

  #setProblem(stack: StackState, problem: StackFault | undefined): void {
    if (jsonEqual(stack.problem, problem)) return;
    stack.problem = problem;
    this.#parts.touched('ruleSets', stack.ruleSets.records.keys());
    this.#parts.touched('routes', stack.routes.records.keys());
  }

  async #writeStatus(stack: StackState, faults: readonly StackFault[], desired?: Desired): Promise<void> {
    const { object, key } = stack;
    const { clock, writer, isPodReady } = this.#parts;
    const cached = stack.children.overlay(this.#parts.children.of(key));
    const workloads = declaredWorkloads(object).map((workload) => {
      const bundle = workload.server === 'prometheus' ? stack.ruleBundle : stack.alertmanagerBundle;
      const half = workload.server === 'prometheus' ? desired?.prometheus : desired?.alertmanager;
      const version =
        workload.server === 'prometheus'
          ? (object.spec.prometheus?.version ?? defaultVersion)
          : (object.spec.alertmanager?.version ?? 'v0.33.1');
      return observeWorkload(workload, cached.get(`apps/v1 StatefulSet ${key.namespace}/${workload.name}`), {
        version,
        // What was rendered last stays what the pods should run while nothing is rendered.
        indexHash:
          desired === undefined ? toldIndexHash(object, workload) : half?.indexHashes.get(workload.name),
        ready: (pod) => isPodReady(key.namespace, pod),
        report: (pod) => bundle.replicas.reportOf(pod),
        shipping: (pod) =>
          workload.server === 'prometheus' && ships(object)
            ? readShipperReport(configMap(cached, key.namespace, reportName(pod)))
            : undefined,
      });
    });
    const rules = [...stack.ruleSets.records.values()];
    const routes = [...stack.routes.records.values()];
    const status = decideStackStatus(
      {
        object,
        workloads,
        query: observeQuery(object, cached),
        faults,
        draining: desired?.draining.waiting,
        ruleSets: {
          selected: rules.length,
          accepted: rules.filter((record) => record.faults.length === 0).length,
          ...((object.spec.prometheus?.shards ?? 1) > 1
            ? { partial: rules.filter((record) => record.partialRules.length > 0).length }
            : {}),
        },
        routes: {
          selected: routes.length,
          accepted: routes.filter((record) => record.faults.length === 0).length,
        },
        agentImage: desired?.agentImage ?? object.status?.agentImage,
        operatorVersion: this.#parts.options.version,
      },
      clock.nowMs(),
    );
    this.#announce(object, status);
    await writer.setStatus(object, status);
  }

  #announce(object: MonitoringStack, status: NonNullable<MonitoringStack['status']>): void {
    const [before, after] = [object.status, status].map((each) =>
      each?.conditions?.find((condition) => condition.type === 'Ready'),
    );
    if (after === undefined || (before?.status === after.status && before.reason === after.reason)) return;
    if (after.status === 'True')
      this.#parts.events.emit(object, { type: 'Normal', reason: 'Ready', message: after.message });
    else if (status.conditions?.some(({ type, status: value }) => type === 'Stalled' && value === 'True'))
      this.#parts.events.emit(object, { type: 'Warning', reason: after.reason, message: after.message });
  }
}

function note(keys: Set<string>, more: Iterable<string>): void {
  for (const key of more) keys.add(key);
}
