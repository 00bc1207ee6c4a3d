import type { AlertRoute } from '../../crds/alert-route.ts';
import type { AddressPolicy } from '../../render/alertmanager/checks/address.ts';
import { compileSafely, receiverCount } from '../../render/alertmanager/compile.ts';
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
      const of = receiverCount(object.spec);
      return { of, noun: of === 1 ? 'receiver' : 'receivers' };
    },
    // Without a stack no Secret is read: what needs one is not judged.
    async judgeAlone(object) {
      const { faults } = compileSafely(object, {
        version: defaultVersion,
        global: {},
        // Whether redirects are followed is for a stack to say.
        policy: { ...addresses, followRedirects: true },
        secrets: () => undefined,
        scope: 'namespace',
      });
      const known = faults.filter(({ code }) => code !== 'SecretKeyMissing');
      const isFaulty = ({ name }: { readonly name: string }) =>
        known.some(({ path }) => path.startsWith(`spec.receivers[${name}]`));
      if (known.some(({ path }) => path === 'spec')) return { faults: known, accepted: 0 };
      const accepted = object.spec.receivers.filter((receiver) => !isFaulty(receiver)).length;
      return { faults: known, accepted };
    },
    acceptedBefore: ({ status }) => status?.receivers?.accepted ?? 0,
    stage: (base) => base,
    conditions: () => [],
    fields: ({ spec }, accepted) => ({ receivers: { total: receiverCount(spec), accepted } }),
    entry: () => ({}),
  };
}
