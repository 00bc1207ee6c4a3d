import type { Recorder, Scenario } from '../recorder.ts';

const group = 'conf.example.com';

interface CrdParts {
  readonly schema: Record<string, unknown>;
  readonly version?: Record<string, unknown>;
  readonly spec?: Record<string, unknown>;
}

export function crd(plural: string, kind: string, { schema, version, spec }: CrdParts) {
  return {
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata: { name: `${plural}.${group}` },
    spec: {
      group,
      scope: 'Namespaced',
      names: { plural, kind },
      versions: [
        {
          name: 'v1',
          served: true,
          storage: true,
          schema: { openAPIV3Schema: { type: 'object', ...schema } },
          ...version,
        },
      ],
      ...spec,
    },
  };
}

const crdPath = '/apis/apiextensions.k8s.io/v1/customresourcedefinitions';

/** Creates a CRD and waits until its objects are served. */
async function serve(api: Recorder, plural: string, kind: string, parts: CrdParts): Promise<string> {
  const created = await api.silent('POST', crdPath, crd(plural, kind, parts));
  if (created.status !== 201) throw new Error(JSON.stringify(created.body));
  const path = api.group(`${group}/v1`, plural);
  for (let attempt = 0; attempt < 200; attempt++) {
    if ((await api.silent('GET', path)).status === 200) return path;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error(`${plural} are not served`);
}

const spec = (properties: Record<string, unknown>, more: Record<string, unknown> = {}) => ({
  properties: {
    spec: { type: 'object', properties, ...more },
    status: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true },
  },
});

const string = { type: 'string' };
const integer = { type: 'integer' };

export const customResources: readonly Scenario[] = [
  {
    name: 'custom resources are defaulted, pruned and counted',
    async run(api) {
      const path = await serve(api, 'basics', 'Basic', {
        schema: spec({
          name: { type: 'string', default: 'anonymous' },
          nested: { type: 'object', default: {}, properties: { size: { type: 'integer', default: 3 } } },
          list: {
            type: 'array',
            items: { type: 'object', properties: { a: { type: 'string', default: 'x' }, b: string } },
          },
          free: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true },
          map: {
            type: 'object',
            additionalProperties: { type: 'object', properties: { v: { type: 'boolean', default: true } } },
          },
          nullable: { type: 'string', nullable: true, default: 'd' },
          either: { 'x-kubernetes-int-or-string': true },
        }),
        version: { subresources: { status: {} } },
      });
      const object = (name: string, body: Record<string, unknown>) => ({
        apiVersion: `${group}/v1`,
        kind: 'Basic',
        metadata: { name },
        ...body,
      });
      await api.post(
        path,
        object('a', {
          spec: {
            list: [{ b: '1', c: '2' }],
            free: { any: { thing: 1 } },
            map: { k: {}, l: { v: false, w: 1 } },
            extra: true,
            name: null,
            nullable: null,
            either: '5',
          },
          status: { x: 1 },
          top: 1,
        }),
      );
      await api.post(`${path}?fieldValidation=Strict`, object('b', { spec: { extra: true }, top: 1 }));
      await api.post(
        `${path}?fieldValidation=Warn`,
        object('b', { spec: { extra: true, list: [{ c: 1 }] } }),
      );
      await api.merge(`${path}/a`, { spec: { name: 'bob' } });
      await api.merge(`${path}/a`, { metadata: { labels: { a: 'b' } } });
      await api.merge(`${path}/a/status`, {
        status: { ok: true },
        spec: { name: 'ignored' },
        metadata: { labels: { also: 'ignored' } },
      });
      await api.merge(`${path}/a`, { status: { ok: false } });
      await api.strategic(`${path}/a`, { spec: { name: 'x' } });
      await api.put(`${path}/a`, object('a', { spec: {} }));
      await api.post(path, { ...object('k', {}), kind: 'Other' });
      await api.post(path, { metadata: { name: 'nokind' } });
      await api.delete(`${path}/a`);
    },
  },
  {
    name: 'custom resources are validated',
    async run(api) {
      const path = await serve(api, 'checkeds', 'Checked', {
        schema: spec(
          {
            text: { type: 'string', minLength: 2, maxLength: 4, pattern: '^[a-z]*$' },
            choice: { type: 'string', enum: ['a', 'b'] },
            count: { type: 'integer', minimum: 1, maximum: 5 },
            ratio: { type: 'number', minimum: 0, exclusiveMinimum: true },
            when: { type: 'string', format: 'date-time' },
            flag: { type: 'boolean' },
            items: { type: 'array', minItems: 1, maxItems: 2, items: string },
            keyed: {
              type: 'array',
              'x-kubernetes-list-type': 'map',
              'x-kubernetes-list-map-keys': ['name'],
              items: { type: 'object', required: ['name'], properties: { name: string, v: integer } },
            },
            set: { type: 'array', 'x-kubernetes-list-type': 'set', items: string },
            map: { type: 'object', maxProperties: 1, additionalProperties: string },
            inner: { type: 'object', required: ['must'], properties: { must: string } },
            one: {
              type: 'object',
              properties: { a: string, b: string },
              oneOf: [{ required: ['a'] }, { required: ['b'] }],
            },
            either: { 'x-kubernetes-int-or-string': true },
          },
          { required: ['text'] },
        ),
      });
      const post = (name: string, body: unknown) =>
        api.post(path, { apiVersion: `${group}/v1`, kind: 'Checked', metadata: { name }, spec: body });
      await post('good', {
        text: 'abc',
        keyed: [{ name: 'a' }, { name: 'b' }],
        set: ['x', 'y'],
        map: { a: 'b' },
        when: '2026-01-01T00:00:00Z',
      });
      const bad: readonly unknown[] = [
        {},
        { text: 1 },
        { text: 'a' },
        { text: 'abcdef' },
        { text: 'AB' },
        { text: 'ab', choice: 'c' },
        { text: 'ab', count: 0 },
        { text: 'ab', count: 9 },
        { text: 'ab', count: '1' },
        { text: 'ab', ratio: 0 },
        { text: 'ab', when: 'today' },
        { text: 'ab', flag: 'yes' },
        { text: 'ab', items: [] },
        { text: 'ab', items: ['1', '2', '3'] },
        { text: 'ab', items: [1] },
        { text: 'ab', items: {} },
        { text: 'ab', keyed: [{ name: 'a' }, { name: 'a' }] },
        { text: 'ab', keyed: [{ v: 1 }] },
        { text: 'ab', set: ['x', 'x'] },
        { text: 'ab', map: { a: 'b', c: 'd' } },
        { text: 'ab', map: { a: 1 } },
        { text: 'ab', inner: {} },
        { text: 'ab', inner: null },
        { text: 'ab', inner: [] },
        { text: 'ab', one: {} },
        { text: 'ab', one: { a: '1', b: '2' } },
        { text: 'ab', either: true },
        'no object',
      ];
      for (const body of bad) await post('bad', body);
      const many = { apiVersion: `${group}/v1`, kind: 'Checked', metadata: { name: 'bad' } };
      await api.brief('POST', path, { ...many, spec: { text: 'A', choice: 'c', count: 0 } });
      await api.merge(`${path}/good`, { spec: { count: 77 } });
    },
  },
  {
    name: 'rules in CEL',
    async run(api) {
      const rules = (list: readonly Record<string, unknown>[]) => ({ 'x-kubernetes-validations': list });
      const path = await serve(api, 'ruleds', 'Ruled', {
        schema: {
          ...spec(
            {
              a: { type: 'integer' },
              b: { type: 'integer' },
              fixed: {
                type: 'string',
                maxLength: 20,
                ...rules([{ rule: 'self == oldSelf', message: 'fixed is immutable' }]),
              },
              name: {
                type: 'string',
                maxLength: 20,
                ...rules([
                  {
                    rule: "self.startsWith('x')",
                    messageExpression: '"got " + self',
                    reason: 'FieldValueForbidden',
                  },
                ]),
              },
              list: {
                type: 'array',
                maxItems: 5,
                'x-kubernetes-list-type': 'map',
                'x-kubernetes-list-map-keys': ['name'],
                items: {
                  type: 'object',
                  required: ['name'],
                  properties: {
                    name: { type: 'string', maxLength: 10 },
                    n: {
                      type: 'integer',
                      ...rules([{ rule: 'self >= oldSelf', message: 'n may only grow' }]),
                    },
                  },
                },
              },
              map: {
                type: 'object',
                maxProperties: 4,
                additionalProperties: {
                  type: 'string',
                  maxLength: 5,
                  ...rules([{ rule: 'self.size() > 1' }]),
                },
              },
              'dashed-name': { type: 'string', maxLength: 5 },
              namespace: { type: 'string', maxLength: 5 },
            },
            rules([
              {
                rule: '!has(self.a) || !has(self.b) || self.a <= self.b',
                message: 'a must not exceed b',
                fieldPath: '.a',
              },
              {
                rule: "!has(self.dashed__dash__name) || self.dashed__dash__name == 'ok'",
                message: 'dashed-name must be ok',
              },
              { rule: "!has(self.__namespace__) || self.__namespace__ != 'no'" },
            ]),
          ),
          ...rules([{ rule: "self.metadata.name != 'forbidden'", message: 'the name is taken' }]),
        },
      });
      const post = (name: string, body: unknown) =>
        api.post(path, { apiVersion: `${group}/v1`, kind: 'Ruled', metadata: { name }, spec: body });
      await post('good', {
        a: 1,
        b: 2,
        fixed: 'f',
        name: 'xy',
        list: [{ name: 'i', n: 5 }],
        map: { k: 'vv' },
      });
      await post('forbidden', {});
      await post('bad', { a: 3, b: 2 });
      await post('bad', { name: 'y' });
      await post('bad', { map: { k: 'v' } });
      await post('bad', { 'dashed-name': 'no', namespace: 'no' });
      await api.merge(`${path}/good`, { spec: { fixed: 'g' } });
      await api.merge(`${path}/good`, { spec: { list: [{ name: 'i', n: 4 }] } });
      await api.merge(`${path}/good`, {
        spec: {
          list: [
            { name: 'i', n: 6 },
            { name: 'j', n: 1 },
          ],
        },
      });
      await api.apply(
        `${path}/good`,
        { apiVersion: `${group}/v1`, kind: 'Ruled', metadata: { name: 'good' }, spec: { a: 9 } },
        'alice',
        '&force=true',
      );
    },
  },
  {
    name: 'apply on custom resources',
    async run(api) {
      const path = await serve(api, 'applieds', 'Applied', {
        schema: spec({
          groups: {
            type: 'array',
            'x-kubernetes-list-type': 'map',
            'x-kubernetes-list-map-keys': ['name'],
            items: {
              type: 'object',
              required: ['name'],
              properties: {
                name: string,
                interval: { type: 'string', default: '1m' },
                rules: {
                  type: 'array',
                  'x-kubernetes-list-type': 'atomic',
                  items: { type: 'object', properties: { expr: string } },
                },
              },
            },
          },
          tags: { type: 'array', 'x-kubernetes-list-type': 'set', items: string },
          plain: { type: 'array', items: string },
          whole: { type: 'object', 'x-kubernetes-map-type': 'atomic', additionalProperties: string },
          parts: { type: 'object', additionalProperties: string },
        }),
        version: { subresources: { status: {} } },
      });
      const object = (body: unknown, more: Record<string, unknown> = {}) => ({
        apiVersion: `${group}/v1`,
        kind: 'Applied',
        metadata: { name: 'a' },
        spec: body,
        ...more,
      });
      const at = `${path}/a`;
      await api.apply(
        at,
        object({
          groups: [{ name: 'g', rules: [{ expr: '1' }] }],
          tags: ['t'],
          plain: ['p'],
          whole: { a: '1' },
          parts: { a: '1' },
        }),
      );
      await api.apply(
        at,
        object({ groups: [{ name: 'h', interval: '5m' }], tags: ['u'], parts: { b: '2' } }),
        'bob',
      );
      await api.apply(at, object({ groups: [{ name: 'g', rules: [{ expr: '2' }] }], plain: ['q'] }), 'bob');
      await api.apply(at, object({ whole: { b: '1' } }), 'bob');
      await api.apply(at, object({ groups: [{ name: 'g', rules: [{ expr: '3' }] }], tags: ['t'] }));
      await api.apply(at, object({ tags: ['u'] }), 'bob');
      await api.apply(
        `${at}/status`,
        object(undefined, { status: { conditions: [{ type: 'Ready', status: 'True' }], n: 1 } }),
        'operator',
      );
      await api.apply(`${at}/status`, object(undefined, { status: { n: 2 } }), 'operator');
      await api.apply(at, object({ tags: ['t'] }, { status: { n: 9 } }));
      await api.apply(`${path}/missing/status`, { ...object({}), metadata: { name: 'missing' } }, 'operator');
      await api.get(at);
    },
  },
  {
    name: 'printer columns and scale of custom resources',
    async run(api) {
      const path = await serve(api, 'showns', 'Shown', {
        schema: spec({ replicas: integer, name: string, since: { type: 'string', format: 'date-time' } }),
        version: {
          subresources: {
            status: {},
            scale: {
              specReplicasPath: '.spec.replicas',
              statusReplicasPath: '.status.replicas',
              labelSelectorPath: '.status.selector',
            },
          },
          additionalPrinterColumns: [
            { name: 'Replicas', type: 'integer', jsonPath: '.spec.replicas' },
            { name: 'Ready', type: 'string', jsonPath: '.status.conditions[?(@.type=="Ready")].status' },
            {
              name: 'All',
              type: 'string',
              jsonPath: '.status.conditions[*].type',
              priority: 1,
              description: 'every type',
            },
            { name: 'Label', type: 'string', jsonPath: '.metadata.labels.my\\.label' },
          ],
        },
      });
      await api.post(path, {
        apiVersion: `${group}/v1`,
        kind: 'Shown',
        metadata: { name: 'a', labels: { 'my.label': 'v' } },
        spec: { replicas: 2, name: 'n' },
      });
      await api.table(path);
      await api.merge(`${path}/a/status`, {
        status: {
          replicas: 1,
          selector: 'a=b',
          conditions: [
            { type: 'Other', status: 'False' },
            { type: 'Ready', status: 'True' },
          ],
        },
      });
      await api.table(`${path}/a`);
      await api.get(`${path}/a/scale`);
      await api.merge(`${path}/a/scale`, { spec: { replicas: 4 } });
      await api.get(`${path}/a`);
    },
  },
  {
    name: 'objects outlive a stricter definition',
    async run(api) {
      const definition = (maxLength: number, rule: string) => ({
        schema: {
          ...spec(
            {
              text: { type: 'string', maxLength },
              list: { type: 'array', maxItems: 5, items: { type: 'string', maxLength } },
              other: integer,
            },
            {},
          ),
          'x-kubernetes-validations': [{ rule }],
        },
        version: { subresources: { status: {} } },
      });
      const path = await serve(api, 'stricts', 'Strict', definition(10, 'true'));
      const object = (name: string, body: unknown) => ({
        apiVersion: `${group}/v1`,
        kind: 'Strict',
        metadata: { name },
        spec: body,
      });
      await api.silent('POST', path, object('old', { text: 'abcdefgh', list: ['abcdefgh', 'x'] }));
      const stricter = crd('stricts', 'Strict', definition(4, 'true'));
      const at = `${crdPath}/stricts.${group}`;
      await api.silent('PATCH', at, { spec: stricter.spec }, 'application/merge-patch+json');
      for (let attempt = 0; attempt < 200; attempt++) {
        const { status } = await api.silent(
          'POST',
          `${path}?dryRun=All`,
          object('new', { text: 'abcdefgh' }),
        );
        if (status === 422) break;
        await new Promise((resolve) => setTimeout(resolve, 50));
      }
      await api.post(path, object('new', { text: 'abcdefgh' }));
      await api.merge(`${path}/old`, { spec: { other: 1 } });
      await api.merge(`${path}/old/status`, { status: { seen: true } });
      await api.merge(`${path}/old`, { spec: { text: 'ijklmnop' } });
      await api.brief(
        'PATCH',
        `${path}/old`,
        { spec: { list: ['abcdefgh', 'y'] } },
        'application/merge-patch+json',
      );
      await api.merge(`${path}/old`, { spec: { text: 'ok' } });
    },
  },
  {
    name: 'definitions are checked',
    async run(api) {
      const refused: readonly (readonly [string, unknown])[] = [
        ['no schema type', crd('bads', 'Bad', { schema: { type: '', properties: {} } })],
        [
          'a property without a type',
          crd('bads', 'Bad', { schema: { properties: { spec: { properties: { a: {} } } } } }),
        ],
        ['a wrong name', { ...crd('bads', 'Bad', { schema: {} }), metadata: { name: 'wrong' } }],
        [
          'two storage versions',
          crd('bads', 'Bad', {
            schema: {},
            spec: {
              versions: [
                { name: 'v1', served: true, storage: true, schema: { openAPIV3Schema: { type: 'object' } } },
                { name: 'v2', served: true, storage: true, schema: { openAPIV3Schema: { type: 'object' } } },
              ],
            },
          }),
        ],
        ['a scope that does not exist', crd('bads', 'Bad', { schema: {}, spec: { scope: 'Galactic' } })],
        [
          'type inside anyOf',
          crd('bads', 'Bad', {
            schema: { properties: { a: { type: 'string', anyOf: [{ type: 'string' }] } } },
          }),
        ],
        [
          'a keyed list without keys',
          crd('bads', 'Bad', {
            schema: {
              properties: {
                a: { type: 'array', 'x-kubernetes-list-type': 'map', items: { type: 'object' } },
              },
            },
          }),
        ],
        [
          'a key that is not required',
          crd('bads', 'Bad', {
            schema: {
              properties: {
                a: {
                  type: 'array',
                  'x-kubernetes-list-type': 'map',
                  'x-kubernetes-list-map-keys': ['k'],
                  items: { type: 'object', properties: { k: string } },
                },
              },
            },
          }),
        ],
        [
          'a default that does not fit',
          crd('bads', 'Bad', { schema: { properties: { a: { type: 'integer', default: 'x' } } } }),
        ],
        ['an array without items', crd('bads', 'Bad', { schema: { properties: { a: { type: 'array' } } } })],
        [
          'properties beside additionalProperties',
          crd('bads', 'Bad', {
            schema: {
              properties: { a: { type: 'object', properties: { b: string }, additionalProperties: string } },
            },
          }),
        ],
      ];
      for (const [title, body] of refused) {
        const { status, body: answer } = await api.silent('POST', crdPath, body);
        const { reason, details } = answer as {
          reason?: string;
          details?: { causes?: { field?: string; reason?: string }[] };
        };
        api.note(title, {
          status,
          reason,
          causes: (details?.causes ?? []).map(({ field, reason: why }) => `${field} ${why}`).sort(),
        });
      }
    },
  },
  {
    name: 'definitions come and go',
    async run(api) {
      const body = crd('guests', 'Guest', {
        schema: spec({ a: string }),
        spec: { names: { plural: 'guests', kind: 'Guest', shortNames: ['gu'], categories: ['all'] } },
      });
      const path = await serve(api, 'guests', 'Guest', {
        schema: spec({ a: string }),
        spec: body.spec as Record<string, unknown>,
      });
      const stored = await api.silent('GET', `${crdPath}/guests.${group}`);
      const { spec: kept, status } = stored.body as {
        spec: unknown;
        status: {
          acceptedNames: unknown;
          storedVersions: unknown;
          conditions: { type: string; status: string; reason: string }[];
        };
      };
      api.note('spec', kept);
      api.note('status', {
        ...status,
        conditions: status.conditions.map(({ type, status: is, reason }) => [type, is, reason]),
      });
      const groupList = await api.silent('GET', `/apis/${group}/v1`);
      const found = (groupList.body as { resources: Record<string, unknown>[] }).resources.filter(
        (resource) => String(resource.name).startsWith('guests'),
      );
      api.note(
        'discovery',
        found.map(({ storageVersionHash: _, ...resource }) => resource),
      );
      await api.silent('POST', path, {
        apiVersion: `${group}/v1`,
        kind: 'Guest',
        metadata: { name: 'a' },
        spec: { a: '1' },
      });
      await api.silent('DELETE', `${crdPath}/guests.${group}`);
      for (let attempt = 0; attempt < 200; attempt++) {
        if ((await api.silent('GET', path)).status === 404) break;
        await new Promise((resolve) => setTimeout(resolve, 50));
      }
      api.note('afterwards', (await api.silent('GET', path)).status);
      const again = await serve(api, 'guests', 'Guest', { schema: spec({ a: string }) });
      api.note('its objects went along', (await api.silent('GET', again)).body);
    },
  },
];
