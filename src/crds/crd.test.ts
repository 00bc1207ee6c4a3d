import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { alertmanagerKey } from './alertmanager-keys.ts';
import { customResourceDefinitions, objectSchema } from './crd.ts';
import { generatedFiles } from './generated-files.ts';
import { kinds } from './kinds.ts';
import { type SchemaNode, structural, structuralFaults } from './structural.ts';

const root = join(import.meta.dirname, '../..');
const maxCrdBytes = 200_000;

describe('the CustomResourceDefinitions', () => {
  it.each(kinds.map((definition) => [definition.kind, definition] as const))(
    'have a structural schema for %s, described and bounded everywhere',
    (_kind, definition) => {
      const schema = structural(objectSchema(definition));
      const { spec, status } = schema.properties as Record<string, SchemaNode>;
      expect([...structuralFaults(spec!, '.spec'), ...structuralFaults(status!, '.status')]).toEqual([]);
    },
  );

  it('stay below the size that an apply can carry', () => {
    for (const [path, content] of generatedFiles())
      if (path.startsWith('config/crd/')) expect(content.length, path).toBeLessThan(maxCrdBytes);
  });

  it('are written to the tree as they are', () => {
    const stale = [...generatedFiles()].filter(
      ([path, content]) =>
        !existsSync(join(root, path)) || readFileSync(join(root, path), 'utf8') !== content,
    );
    expect(stale.map(([path]) => path)).toEqual([]);
  });

  it('have names, short names and columns that are unique', () => {
    const names = kinds.flatMap((definition) => [
      definition.plural,
      definition.singular,
      ...definition.shortNames,
    ]);
    expect(new Set(names).size).toBe(names.length);
    for (const definition of kinds) {
      const columns = definition.columns.map((column) => column.name);
      expect(new Set(columns).size).toBe(columns.length);
    }
    expect(customResourceDefinitions().map((crd) => crd.metadata.name)).toContain('silences.promfleet.dev');
  });

  it('keep unknown fields only where the operator checks them', () => {
    const open: string[] = [];
    const look = (schema: SchemaNode, path: string) => {
      if (schema['x-kubernetes-preserve-unknown-fields'] === true) open.push(path);
      for (const [name, property] of Object.entries((schema.properties ?? {}) as Record<string, SchemaNode>))
        look(property, `${path}.${name}`);
      for (const below of [schema.items, schema.additionalProperties])
        if (typeof below === 'object' && below !== null) look(below as SchemaNode, `${path}[]`);
    };
    for (const definition of kinds) look(structural(definition.spec), definition.kind);
    expect(open.filter((path) => !path.endsWith('.httpConfig'))).toEqual([
      'MonitoringStack.prometheus.additionalConfig',
      'MonitoringStack.prometheus.podTemplate',
      'MonitoringStack.alertmanager.podTemplate',
      'MonitoringStack.query.podTemplate',
      'MonitoringStack.compactor.podTemplate',
      'AlertRoute.receivers[].jira.fields',
      'AlertRoute.receivers[].pagerduty.details',
      'AlertRoute.receivers[].webhook.payload',
      'AlertRoute.receivers[].passThrough[].config',
      'AlertRoute.route.routes[]',
    ]);
  });
});

describe('structuralFaults', () => {
  it.each([
    ['two types', { description: 'x' }, 'exactly one type'],
    ['no description', { type: 'boolean' }, 'no description'],
    ['unbounded text', { type: 'string', description: 'x' }, 'without maxLength'],
    ['list without items', { type: 'array', description: 'x' }, 'without items'],
    [
      'optional list key',
      {
        type: 'array',
        description: 'x',
        maxItems: 1,
        'x-kubernetes-list-type': 'map',
        'x-kubernetes-list-map-keys': ['name'],
        items: {
          type: 'object',
          description: 'x',
          properties: { name: { type: 'string', description: 'x', maxLength: 1 } },
        },
      },
      'required or has a default',
    ],
  ])('names %s', (_name, schema, text) => {
    expect(structuralFaults(schema as SchemaNode).join()).toContain(text);
  });
});

describe('alertmanagerKey', () => {
  it.each([
    [['slack'], 'apiURL', 'api_url'],
    [['sns'], 'topicARN', 'topic_arn'],
    [['email'], 'requireTLS', 'require_tls'],
    [['email'], 'forceImplicitTLS', 'force_implicit_tls'],
    [['telegram'], 'messageThreadID', 'message_thread_id'],
    [['slack', 'httpConfig'], 'enableHTTP2', 'enable_http2'],
    [['slack', 'httpConfig'], 'oauth2', 'oauth2'],
    [['sns'], 'useAWSHTTPClient', 'use_aws_http_client'],
    [['sns', 'sigv4'], 'useFipsSTSEndpoint', 'use_fips_sts_endpoint'],
    [['rocketchat', 'actions'], 'isWebView', 'iswebview'],
    [[], 'groupBy', 'group_by'],
    [[], 'muteTimeIntervals', 'mute_time_intervals'],
  ])('%j %s is %s', (parents, name, key) => {
    expect(alertmanagerKey(parents, name)).toBe(key);
  });
});
