import { type KindDefinition, kinds } from './kinds.ts';
import { apiGroup, apiVersionName } from './metadata.ts';
import { type SchemaNode, structural } from './structural.ts';

/** An object of kind CustomResourceDefinition (apiextensions.k8s.io/v1), ready to be applied. */
export interface CustomResourceDefinition {
  readonly apiVersion: 'apiextensions.k8s.io/v1';
  readonly kind: 'CustomResourceDefinition';
  readonly metadata: { readonly name: string; readonly labels: Readonly<Record<string, string>> };
  readonly spec: SchemaNode;
}

/** Schema of a whole object of the kind, not yet structural. */
export function objectSchema(definition: KindDefinition): SchemaNode {
  return {
    type: 'object',
    description: definition.spec.description,
    ...(definition.rules === undefined ? {} : { 'x-kubernetes-validations': definition.rules }),
    required: ['spec'],
    properties: {
      apiVersion: { type: 'string', description: 'Version of the schema that the object is written in.' },
      kind: { type: 'string', description: `Always ${definition.kind}.` },
      // An API server refuses any further word here: it knows the fields itself.
      metadata: { type: 'object' },
      spec: definition.spec,
      status: definition.status,
    },
  };
}

export function customResourceDefinition(definition: KindDefinition): CustomResourceDefinition {
  return {
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata: {
      name: `${definition.plural}.${apiGroup}`,
      labels: { 'app.kubernetes.io/name': 'promfleet', 'app.kubernetes.io/part-of': 'promfleet' },
    },
    spec: {
      group: apiGroup,
      scope: 'Namespaced',
      names: {
        kind: definition.kind,
        listKind: `${definition.kind}List`,
        plural: definition.plural,
        singular: definition.singular,
        shortNames: [...definition.shortNames],
        categories: ['promfleet'],
      },
      versions: [
        {
          name: apiVersionName,
          served: true,
          storage: true,
          subresources: { status: {} },
          additionalPrinterColumns: definition.columns.map((column) => ({ ...column })),
          schema: { openAPIV3Schema: structural(objectSchema(definition)) },
        },
      ],
    },
  };
}

/** The CustomResourceDefinitions of all kinds, as `config/crd/` holds them. */
export function customResourceDefinitions(): CustomResourceDefinition[] {
  return kinds.map(customResourceDefinition);
}
