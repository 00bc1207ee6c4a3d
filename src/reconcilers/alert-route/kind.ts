import type { AlertRoute } from '../../crds/alert-route.ts';
import type { AddressPolicy } from '../../render/alertmanager/checks/address.ts';
import { compileAlertRoute } from '../../render/alertmanager/compile.ts';
import { fragmentPath } from '../../render/alertmanager/fragment.ts';
import { defaultVersion } from '../../render/alertmanager/version.ts';
import type { TeamKind, TeamStage } from '../team-object/kind.ts';
import type { TeamRecord } from '../team-object/record.ts';

/** AlertRoutes: receivers and routes in the Alertmanagers of a stack. */
export function routeKind(addresses: AddressPolicy): TeamKind<AlertRoute, TeamRecord, TeamStage> {
  return {
    kind: 'routes',
    view: (stack) => stack.routes,
    bundle: (stack) => stack.alertmanagerBundle,
    path: ({ namespace, name }) => fragmentPath(namespace, name),
    parts(object) {
      const of = object.spec.receivers.length;
      return { of, noun: of === 1 ? 'receiver' : 'receivers' };
    },
    // Without a stack no Secret is read: what needs one is not judged.
    async judgeAlone(object) {
      const { faults } = compileAlertRoute(object, {
        version: defaultVersion,
        global: {},
        policy: addresses,
        secrets: () => undefined,
        scope: 'namespace',
      });
      const known = faults.filter(({ code }) => code !== 'SecretKeyMissing');
      const isFaulty = ({ name }: { readonly name: string }) =>
        known.some(({ path }) => path.startsWith(`spec.receivers[${name}]`));
      const accepted = object.spec.receivers.filter((receiver) => !isFaulty(receiver)).length;
      return { faults: known, accepted };
    },
    acceptedBefore: ({ status }) => status?.receivers?.accepted ?? 0,
    stage: (base) => base,
    conditions: () => [],
    fields: (object, accepted) => ({ receivers: { total: object.spec.receivers.length, accepted } }),
    entry: () => ({}),
  };
}
