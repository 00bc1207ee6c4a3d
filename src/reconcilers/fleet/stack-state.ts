import type { MonitoringStack } from '../../crds/monitoring-stack.ts';
import type { PackedSlot } from '../../render/bundle/pack.ts';
import { alertmanagerSlotNames, ruleSlotNames } from '../../render/names.ts';
import type { Manifest } from '../../render/workload/manifest.ts';
import type { RuleSetRecord } from '../alert-rule-set/record.ts';
import type { IdentityData } from '../identities/identities.ts';
import { LiveChildren } from '../live-children.ts';
import { OwnSecrets } from '../monitoring-stack/own-secrets.ts';
import type { StackFault } from '../monitoring-stack/status.ts';
import type { ObjectKey } from '../object.ts';
import type { ObjectGetter } from '../ports.ts';
import { BundleState } from '../rule-bundle/bundle-state.ts';
import { SecretValues } from '../secret-values.ts';
import type { SelectingStack } from '../selection.ts';
import type { TeamRecord } from '../team-object/record.ts';
import { SelectionView } from './selection-view.ts';

/**
 * What the operator remembers of one stack between reconciles. All of it can be read back from the API: a restart
 * or a change of leader loses nothing but time.
 */
export class StackState {
  readonly key: ObjectKey;
  readonly ruleSets: SelectionView<RuleSetRecord>;
  readonly routes: SelectionView<TeamRecord>;
  readonly ruleBundle: BundleState;
  readonly alertmanagerBundle: BundleState;
  readonly children = new LiveChildren();
  readonly ownSecrets = new OwnSecrets();
  readonly secrets: SecretValues;
  /** What the parts of the stack prove themselves with, as it was last brought about. */
  identities: IdentityData | undefined;
  /** Manifests of packed slots: a slot that does not change is not encoded again. */
  readonly slotManifests = new WeakMap<PackedSlot, Manifest>();
  /** The bundles were read back from the API. */
  recovered = false;
  /** What the teams' objects brought has been written at least once. */
  programmedOnce = false;
  /** Dialect that the rule sets were last compiled for. */
  ruleDialect = '';
  /** What the routes were last compiled for, beside themselves. */
  routeContext = '';
  /** Objects whose change has not been written to the API yet: their status is looked at when it has. */
  readonly untold = { ruleSets: new Set<string>(), routes: new Set<string>() };
  /** Why nothing can be written for the stack now. */
  problem: StackFault | undefined;
  /** Since when pods that are to go are waited for, by the wall clock. */
  drainingSinceMs: number | undefined;
  #object: MonitoringStack;

  constructor(object: MonitoringStack, getter: ObjectGetter) {
    const { name, namespace = '' } = object.metadata;
    this.key = { name, namespace };
    this.#object = object;
    this.secrets = new SecretValues(getter);
    this.ruleSets = new SelectionView(ruleSelection(object));
    this.routes = new SelectionView(routeSelection(object));
    this.ruleBundle = new BundleState(ruleSlotNames(name));
    this.alertmanagerBundle = new BundleState(alertmanagerSlotNames(name));
  }

  get object(): MonitoringStack {
    return this.#object;
  }

  /** Takes over a new version of the object; says whose selection changed. */
  update(object: MonitoringStack): { readonly ruleSets: boolean; readonly routes: boolean } {
    const before = this.#object.spec.alertmanager;
    const after = object.spec.alertmanager;
    this.#object = object;
    const routesChanged = this.routes.select(routeSelection(object));
    return {
      ruleSets: this.ruleSets.select(ruleSelection(object)),
      routes:
        routesChanged ||
        before?.platformRoute?.name !== after?.platformRoute?.name ||
        (before?.replicas === 0) !== (after?.replicas === 0),
    };
  }
}

function closedOf(object: MonitoringStack): SelectingStack['closed'] {
  if (object.metadata.deletionTimestamp !== undefined) return 'StackDeleting';
  return object.spec.suspend === true ? 'StackSuspended' : undefined;
}

function selectionOf(
  object: MonitoringStack,
  namespaces: SelectingStack['namespaces'],
  objects: SelectingStack['objects'],
): SelectingStack {
  const { name, namespace = '' } = object.metadata;
  return { namespace, name, namespaces, objects, closed: closedOf(object) };
}

function ruleSelection(object: MonitoringStack): SelectingStack {
  const select = object.spec.prometheus?.select;
  return selectionOf(object, select?.namespaces, select?.rules);
}

function routeSelection(object: MonitoringStack): SelectingStack {
  const select = object.spec.alertmanager?.select;
  return selectionOf(object, select?.namespaces, select?.routes);
}
