import { customResourceDefinition } from '../../src/crds/crd.ts';
import { kinds } from '../../src/crds/kinds.ts';
import { type Context, evaluate, holds, isHelm, isSet, type Node, type Plain, when } from './expression.ts';
import type { Document } from './helm-text.ts';
import { operatorMonitoring } from './monitoring.ts';
import { operatorNetwork } from './network.ts';
import { operatorDeployment } from './operator.ts';
import { operatorRbac, teamRbac } from './rbac.ts';
import { releaseTest } from './release-test.ts';

const definitions: readonly Document[] = kinds.map((kind): Document => {
  const { metadata, ...rest } = customResourceDefinition(kind) as unknown as {
    readonly metadata: { readonly [key: string]: Node };
    readonly [key: string]: Node;
  };
  const annotations = when(
    { is: 'all', of: [isHelm, isSet('crds.keep')] },
    { 'helm.sh/resource-policy': 'keep' },
  );
  return { condition: isSet('crds.enabled'), object: { ...rest, metadata: { ...metadata, annotations } } };
});

/** Every object of an installation, by the name of its file. */
export const installation: Readonly<Record<string, readonly Document[]>> = {
  crds: definitions,
  'rbac-operator': operatorRbac,
  'rbac-teams': teamRbac,
  deployment: operatorDeployment,
  network: operatorNetwork,
  monitoring: operatorMonitoring,
  'tests/ready': releaseTest,
};

/** The objects of some documents, with values filled in. */
export function objectsOf(documents: readonly Document[], context: Context): readonly Plain[] {
  return documents.flatMap(({ condition, each, object }) => {
    if (condition !== undefined && !holds(condition, context)) return [];
    const items = each === undefined ? [undefined] : valueList(context, each);
    return items.flatMap((element) => {
      const found = evaluate(object, element === undefined ? context : { ...context, item: element });
      return found === undefined ? [] : [found];
    });
  });
}

function valueList(context: Context, path: string): readonly (Plain | undefined)[] {
  let at: Plain = context.values;
  for (const part of path.split('.')) at = (at as Readonly<Record<string, Plain>>)[part]!;
  return at as readonly Plain[];
}
