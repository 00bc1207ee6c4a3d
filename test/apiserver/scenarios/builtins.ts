import type { Recorder, Scenario } from '../recorder.ts';

const meta = { name: 'a' };
const labels = { app: 'a' };
const container = {
  name: 'c',
  image: 'registry.example.com/x/y:v1',
  ports: [{ containerPort: 80, name: 'http' }],
};
const template = {
  metadata: { labels },
  spec: {
    serviceAccountName: 'sa',
    initContainers: [
      {
        name: 'i',
        image: 'x@sha256:0000000000000000000000000000000000000000000000000000000000000000',
        restartPolicy: 'Always',
      },
    ],
    containers: [
      {
        ...container,
        env: [
          { name: 'IP', valueFrom: { fieldRef: { fieldPath: 'status.podIP' } } },
          { name: 'E', value: '' },
        ],
        readinessProbe: { httpGet: { path: '/-/ready', port: 'http' } },
        livenessProbe: { tcpSocket: { port: 80 }, periodSeconds: 5 },
        resources: { requests: { cpu: '0.5', memory: '1Gi' }, limits: { memory: '1Gi' } },
        volumeMounts: [
          { name: 'data', mountPath: '/data' },
          { name: 'cm', mountPath: '/cm' },
          { name: 'sec', mountPath: '/sec', readOnly: true },
        ],
      },
    ],
    volumes: [
      { name: 'cm', configMap: { name: 'c' } },
      { name: 'sec', secret: { secretName: 's', optional: true } },
      { name: 'mem', emptyDir: { medium: 'Memory', sizeLimit: '64Mi' } },
      {
        name: 'tok',
        projected: {
          sources: [
            { serviceAccountToken: { path: 't' } },
            { downwardAPI: { items: [{ path: 'l', fieldRef: { fieldPath: 'metadata.labels' } }] } },
          ],
        },
      },
      { name: 'hp', hostPath: { path: '/x' } },
    ],
    securityContext: { runAsNonRoot: true, fsGroup: 65534 },
    topologySpreadConstraints: [
      {
        maxSkew: 1,
        topologyKey: 'kubernetes.io/hostname',
        whenUnsatisfiable: 'ScheduleAnyway',
        labelSelector: { matchLabels: labels },
      },
    ],
  },
};
const claim = {
  metadata: { name: 'data' },
  spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } } },
};
const statefulSet = {
  metadata: meta,
  spec: {
    serviceName: 'a',
    replicas: 2,
    selector: { matchLabels: labels },
    template,
    volumeClaimTemplates: [claim],
  },
};

/** Refused in words that name fields of Go structs. */
const twoBudgets = { metadata: { name: 'b' }, spec: { minAvailable: 1, maxUnavailable: 1 } };
const refused = new Set<unknown>([twoBudgets]);

/** [path of the collection, objects to create in turn]. */
const creations: readonly (readonly [string, string, readonly unknown[]])[] = [
  [
    'core',
    'secrets',
    [
      { metadata: meta, stringData: { a: 'text' } },
      { metadata: { name: 'b' }, data: { k: '!!' } },
      { metadata: { name: 'c' }, type: 'Opaque', data: { k: 'YQ==' }, immutable: true },
    ],
  ],
  ['core', 'serviceaccounts', [{ metadata: meta }]],
  [
    'core',
    'persistentvolumeclaims',
    [
      { metadata: meta, spec: claim.spec },
      { metadata: { name: 'b' }, spec: {} },
    ],
  ],
  ['apps/v1', 'statefulsets', [statefulSet]],
  [
    'apps/v1',
    'deployments',
    [
      {
        metadata: meta,
        spec: {
          selector: { matchLabels: labels },
          template: { metadata: { labels }, spec: { containers: [container] } },
        },
      },
      { metadata: { name: 'b' }, spec: {} },
    ],
  ],
  [
    'policy/v1',
    'poddisruptionbudgets',
    [{ metadata: meta, spec: { minAvailable: 1, selector: { matchLabels: labels } } }, twoBudgets],
  ],
  [
    'networking.k8s.io/v1',
    'networkpolicies',
    [
      {
        metadata: meta,
        spec: {
          podSelector: { matchLabels: labels },
          ingress: [{ from: [{ podSelector: {} }], ports: [{ port: 80 }] }],
        },
      },
      { metadata: { name: 'b' }, spec: { podSelector: {}, egress: [{}] } },
    ],
  ],
  [
    'rbac.authorization.k8s.io/v1',
    'roles',
    [{ metadata: meta, rules: [{ apiGroups: [''], resources: ['pods'], verbs: ['get'] }] }],
  ],
  [
    'rbac.authorization.k8s.io/v1',
    'rolebindings',
    [
      {
        metadata: meta,
        roleRef: { kind: 'Role', name: 'a' },
        subjects: [
          { kind: 'ServiceAccount', name: 'default', namespace: 'default' },
          { kind: 'User', name: 'u' },
        ],
      },
      { metadata: { name: 'b' }, roleRef: { kind: 'Nobody', name: '' } },
    ],
  ],
  [
    'coordination.k8s.io/v1',
    'leases',
    [
      {
        metadata: meta,
        spec: {
          holderIdentity: 'x',
          leaseDurationSeconds: 15,
          acquireTime: '2026-01-02T03:04:05.123456Z',
          renewTime: '2026-01-02T03:04:05.123456Z',
          leaseTransitions: 0,
        },
      },
    ],
  ],
  [
    'discovery.k8s.io/v1',
    'endpointslices',
    [
      {
        metadata: meta,
        addressType: 'IPv4',
        endpoints: [{ addresses: ['10.1.1.1'], conditions: { ready: true } }],
        ports: [{ port: 80 }],
      },
      { metadata: { name: 'b' }, endpoints: [] },
    ],
  ],
];

/** Go writes an empty source where JSON has none. */
async function withoutSource(api: Recorder, method: string, path: string, body?: unknown): Promise<void> {
  const answer = await api.silent(method, path, body);
  const { source: _, deprecatedSource: _d, ...rest } = answer.body as Record<string, unknown>;
  api.note(`${method} ${path}`, rest);
}

export const builtins: readonly Scenario[] = [
  ...creations.map(
    ([group, plural, list]): Scenario => ({
      name: `defaults and checks of ${plural}`,
      async run(api) {
        const path = group === 'core' ? api.core(plural) : api.group(group, plural);
        for (const object of list)
          await (refused.has(object) ? api.brief('POST', path, object) : api.post(path, object));
      },
    }),
  ),
  {
    name: 'services',
    async run(api) {
      const path = api.core('services');
      await api.post(path, {
        metadata: { name: 'headless' },
        spec: {
          clusterIP: 'None',
          selector: labels,
          ports: [
            { port: 80, name: 'http', targetPort: 'web' },
            { port: 443, name: 'tls' },
          ],
        },
      });
      await api.post(path, { metadata: { name: 'no-ports' }, spec: { selector: labels } });
      await api.brief('POST', path, {
        metadata: { name: 'Bad' },
        spec: { clusterIP: 'None', ports: [{ port: 80 }] },
      });
      await api.post(path, {
        metadata: { name: 'two' },
        spec: { clusterIP: 'None', ports: [{ port: 80 }, { port: 70000 }] },
      });
      await api.merge(`${path}/headless`, { spec: { clusterIP: '10.96.77.77' } });
      const allocated = await api.silent('POST', path, {
        metadata: { name: 'cluster' },
        spec: { ports: [{ port: 80 }] },
      });
      // A cluster's address comes from the server, a local one from the node, whose loopback it is.
      const {
        clusterIP: _,
        clusterIPs: _s,
        ...spec
      } = (allocated.body as { spec: Record<string, unknown> }).spec;
      api.note('spec beside the address', spec);
      await api.delete(`${path}/headless`);
    },
  },
  {
    name: 'what may not change',
    async run(api) {
      const sets = api.group('apps/v1', 'statefulsets');
      await api.silent('POST', sets, statefulSet);
      await api.merge(`${sets}/a`, { spec: { serviceName: 'other' } });
      await api.merge(`${sets}/a`, { spec: { selector: { matchLabels: { app: 'b' } } } });
      const scaled = await api.silent(
        'PATCH',
        `${sets}/a`,
        { spec: { replicas: 3 } },
        'application/merge-patch+json',
      );
      api.note('replicas may', [(scaled.body as { metadata: { generation: number } }).metadata.generation]);
      const labeled = await api.silent(
        'PATCH',
        `${sets}/a`,
        { metadata: { labels: { x: 'y' } } },
        'application/merge-patch+json',
      );
      api.note('labels do not count', [
        (labeled.body as { metadata: { generation: number } }).metadata.generation,
      ]);
      await api.post(sets, {
        metadata: { name: 'b' },
        spec: { ...statefulSet.spec, selector: { matchLabels: { app: 'other' } } },
      });
      await api.post(sets, {
        metadata: { name: 'c' },
        spec: {
          selector: { matchLabels: labels },
          template: {
            metadata: { labels },
            spec: {
              containers: [
                { name: 'C', image: '' },
                { name: 'x', image: 'y', volumeMounts: [{ name: 'gone', mountPath: '/x' }] },
              ],
            },
          },
        },
      });
      const bindings = api.group('rbac.authorization.k8s.io/v1', 'rolebindings');
      await api.silent('POST', bindings, { metadata: meta, roleRef: { kind: 'Role', name: 'a' } });
      await api.brief('PATCH', `${bindings}/a`, { roleRef: { name: 'b' } }, 'application/merge-patch+json');
      const secrets = api.core('secrets');
      await api.silent('POST', secrets, { metadata: meta, immutable: true, data: { a: 'YQ==' } });
      await api.merge(`${secrets}/a`, { data: { a: 'Yg==' } });
      await api.merge(`${secrets}/a`, { type: 'other' });
      await api.merge(`${secrets}/a`, { metadata: { uid: '33333333-3333-3333-3333-333333333333' } });
    },
  },
  {
    name: 'pods',
    controllers: true,
    async run(api) {
      const path = api.core('pods');
      const spec = {
        automountServiceAccountToken: false,
        tolerations: [{ operator: 'Exists' }],
        containers: [container],
      };
      await api.post(path, { metadata: { name: 'a', labels }, spec });
      await api.brief('PATCH', `${path}/a`, { spec: { nodeName: 'x' } }, 'application/merge-patch+json');
      await api.merge(`${path}/a`, { spec: { containers: [{ ...container, image: 'other:2' }] } });
      await api.merge(`${path}/a/status`, {
        status: { phase: 'Running', podIP: '10.0.0.1', podIPs: [{ ip: '10.0.0.1' }] },
      });
      for (const selector of [
        'status.phase=Running',
        'status.phase!=Running',
        'status.podIP=10.0.0.1',
        'spec.nodeName=x',
        'spec.restartPolicy=Always',
      ]) {
        const { body } = await api.silent('GET', `${path}?fieldSelector=${encodeURIComponent(selector)}`);
        api.note(selector, (body as { items: unknown[] }).items.length);
      }
      await api.post(path, { metadata: { name: 'b' }, spec: { ...spec, containers: [] } });
      await api.post(path, {
        metadata: { name: 'b' },
        spec: { ...spec, containers: [container, container], restartPolicy: 'Perhaps' },
      });
      await api.post(path, {
        metadata: { name: 'b' },
        spec: { ...spec, containers: [{ ...container, ports: [{ containerPort: 99999 }] }] },
      });
      await api.brief('POST', path, { metadata: { name: 'b' }, spec: { ...spec, containers: 'none' } });
    },
  },
  {
    name: 'events under both names',
    async run(api) {
      const core = api.core('events');
      const involvedObject = { apiVersion: 'v1', kind: 'Pod', name: 'p', namespace: api.namespace };
      await api.post(core, {
        metadata: { name: 'one' },
        involvedObject,
        reason: 'R',
        message: 'm',
        type: 'Normal',
        source: { component: 'c' },
        count: 1,
        firstTimestamp: '2026-01-01T00:00:00Z',
        lastTimestamp: '2026-01-01T00:00:00Z',
      });
      await api.post(core, {
        metadata: { name: 'two' },
        involvedObject: { ...involvedObject, namespace: 'elsewhere' },
        reason: 'R',
      });
      await api.get(api.group('events.k8s.io/v1', 'events/one'));
      await withoutSource(api, 'POST', api.group('events.k8s.io/v1', 'events'), {
        metadata: { name: 'three' },
        regarding: involvedObject,
        reason: 'New',
        note: 'n',
        type: 'Warning',
        action: 'Do',
        eventTime: '2026-01-01T00:00:00.000000Z',
        reportingController: 'c.example.com/x',
        reportingInstance: 'i',
      });
      await withoutSource(api, 'GET', `${core}/three`);
      for (const selector of ['involvedObject.kind=Pod', 'type=Warning', 'reason=R,involvedObject.name=p']) {
        const { body } = await api.silent('GET', `${core}?fieldSelector=${encodeURIComponent(selector)}`);
        api.note(
          selector,
          (body as { items: { metadata: { name: string } }[] }).items.map((item) => item.metadata.name),
        );
      }
    },
  },
];
