import fc from 'fast-check';
import { expect, test } from 'vitest';
import { mergePodTemplate, type PodTemplate } from './pod-template-merge.ts';

const template: PodTemplate = {
  metadata: { labels: { app: 'x' }, annotations: { a: '1' } },
  spec: {
    terminationGracePeriodSeconds: 30,
    containers: [
      {
        name: 'server',
        image: 'server:1',
        args: ['--a', '--b'],
        env: [{ name: 'A', value: '1' }],
        ports: [{ name: 'web', containerPort: 80 }],
      },
    ],
    initContainers: [{ name: 'init', image: 'init:1' }],
    volumes: [{ name: 'config', emptyDir: {} }],
  },
};

function merged(patch: Record<string, unknown>): PodTemplate {
  const { template: result, faults } = mergePodTemplate(template, patch, 'p');
  expect(faults).toEqual([]);
  return result;
}

test('maps merge, plain lists are replaced, lists with a key merge by it', () => {
  const result = merged({
    metadata: { labels: { team: 'y' } },
    spec: {
      nodeSelector: { disk: 'ssd' },
      containers: [
        {
          name: 'server',
          args: ['--c'],
          env: [{ name: 'B', value: '2' }],
          resources: { limits: { memory: '1Gi' } },
        },
        { name: 'proxy', image: 'proxy:1' },
      ],
      volumes: [{ name: 'extra', emptyDir: {} }],
    },
  });
  expect(result.metadata.labels).toEqual({ app: 'x', team: 'y' });
  expect(result.spec.containers).toEqual([
    {
      name: 'server',
      image: 'server:1',
      args: ['--c'],
      env: [
        { name: 'A', value: '1' },
        { name: 'B', value: '2' },
      ],
      ports: [{ name: 'web', containerPort: 80 }],
      resources: { limits: { memory: '1Gi' } },
    },
    { name: 'proxy', image: 'proxy:1' },
  ]);
  expect(result.spec.volumes).toEqual([
    { name: 'config', emptyDir: {} },
    { name: 'extra', emptyDir: {} },
  ]);
});

test('null and $patch: delete remove, $patch: replace replaces', () => {
  const result = merged({
    metadata: { annotations: { b: '2' } },
    spec: {
      terminationGracePeriodSeconds: null,
      containers: [
        {
          name: 'server',
          env: [{ name: 'A', $patch: 'delete' }],
          ports: [{ containerPort: 80, protocol: 'TCP', hostPort: 8080 }],
        },
      ],
      volumes: [{ $patch: 'replace' }, { name: 'config', emptyDir: { medium: 'Memory' } }],
    },
  });
  expect('terminationGracePeriodSeconds' in result.spec).toBe(false);
  expect(result.spec.containers[0]).toMatchObject({ env: [], ports: [{ name: 'web', hostPort: 8080 }] });
  expect(result.spec.volumes).toEqual([{ name: 'config', emptyDir: { medium: 'Memory' } }]);
});

test.each([
  [{ spec: { serviceAccountName: 'admin' } }, 'p.spec.serviceAccountName'],
  [{ spec: { containers: [{ image: 'x' }] } }, 'p.spec.containers[0]'],
  [{ spec: { containers: {} } }, 'p.spec.containers'],
  [{ spec: { containers: [{ name: 'other' }] } }, 'p.spec.containers[other]'],
  [{ spec: { containers: [{ name: 'server', $patch: 'delete' }] } }, 'p.spec.containers'],
  [{ spec: { initContainers: [{ $patch: 'replace' }] } }, 'p.spec.initContainers'],
  [{ spec: { '$setElementOrder/containers': [] } }, 'p.spec.$setElementOrder/containers'],
  [{ spec: { $patch: 'merge' } }, 'p.spec.$patch'],
  [{ metadata: { labels: { app: 'other' } } }, 'p.metadata.labels[app]'],
  [{ metadata: { name: 'x' } }, 'p.metadata.name'],
  [{ metadata: { labels: { a: 1 } } }, 'p.metadata.labels'],
  [{ status: {} }, 'p.status'],
  [{ spec: 'text' }, 'p.spec'],
])('the patch %j is refused at %s and changes nothing', (patch, path) => {
  const result = mergePodTemplate(template, patch, 'p');
  expect(result.template).toBe(template);
  expect(result.faults.map((fault) => fault.path)).toContain(path);
});

test('whatever the patch, it either leaves a template with all containers and labels or changes nothing', () => {
  const key = fc.constantFrom(
    'metadata',
    'spec',
    'labels',
    'containers',
    'initContainers',
    'name',
    'image',
    'env',
    '$patch',
    'app',
    'x',
  );
  const { value } = fc.letrec<{ value: unknown }>((tie) => ({
    value: fc.oneof(
      { depthSize: 'small' },
      fc.constantFrom(null, 'server', 'init', 'delete', 'replace', 'x', 1),
      fc.array(tie('value'), { maxLength: 3 }),
      fc.dictionary(key, tie('value'), { maxKeys: 4 }),
    ),
  }));
  fc.assert(
    fc.property(fc.record({ metadata: value, spec: value }), (patch) => {
      const result = mergePodTemplate(template, patch, 'p');
      if (result.faults.length > 0) expect(result.template).toBe(template);
      expect(result.template.metadata.labels.app).toBe('x');
      expect(result.template.spec.containers.map((container) => container.name)).toContain('server');
      expect(result.template.spec.initContainers?.map((container) => container.name)).toContain('init');
    }),
    { numRuns: 300 },
  );
});
