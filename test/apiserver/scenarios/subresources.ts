import type { Scenario } from '../recorder.ts';

const pod = (name: string, spec: Record<string, unknown> = {}) => ({
  metadata: { name },
  spec: {
    automountServiceAccountToken: false,
    tolerations: [{ operator: 'Exists' }],
    containers: [{ name: 'c', image: 'one:1' }],
    ...spec,
  },
});

export const subresources: readonly Scenario[] = [
  {
    name: 'status is written apart from the rest',
    async run(api) {
      const path = api.group('apps/v1', 'replicasets');
      await api.post(path, {
        metadata: { name: 'r' },
        spec: {
          replicas: 0,
          selector: { matchLabels: { a: 'b' } },
          template: { metadata: { labels: { a: 'b' } }, spec: { containers: [{ name: 'c', image: 'i' }] } },
        },
        status: { replicas: 7 },
      });
      await api.merge(`${path}/r/status`, { status: { replicas: 2 }, spec: { replicas: 5 } });
      await api.merge(`${path}/r`, { status: { replicas: 9 } });
      await api.get(`${path}/r/status`);
    },
  },
  {
    name: 'scale',
    async run(api) {
      const path = api.group('apps/v1', 'replicasets');
      await api.silent('POST', path, {
        metadata: { name: 'r' },
        spec: {
          replicas: 1,
          selector: { matchLabels: { a: 'b' } },
          template: { metadata: { labels: { a: 'b' } }, spec: { containers: [{ name: 'c', image: 'i' }] } },
        },
      });
      await api.get(`${path}/r/scale`);
      await api.merge(`${path}/r/scale`, { spec: { replicas: 3 } });
      await api.put(`${path}/r/scale`, {
        apiVersion: 'autoscaling/v1',
        kind: 'Scale',
        metadata: { name: 'r', namespace: api.namespace },
        spec: { replicas: 2 },
      });
      await api.merge(`${path}/r/scale`, { spec: { replicas: -1 } });
      await api.get(`${path}/missing/scale`);
    },
  },
  {
    name: 'binding and graceful deletion of pods',
    async run(api) {
      const path = api.core('pods');
      await api.post(path, pod('a'));
      const bind = {
        apiVersion: 'v1',
        kind: 'Binding',
        metadata: { name: 'a' },
        target: { kind: 'Node', name: 'n1' },
      };
      await api.post(`${path}/a/binding`, bind);
      await api.get(`${path}/a`);
      await api.post(`${path}/a/binding`, bind);
      await api.delete(`${path}/a`);
      await api.delete(`${path}/a`, { gracePeriodSeconds: 0 });
      await api.get(`${path}/a`);
      await api.post(path, pod('b'));
      const { status } = await api.silent('DELETE', `${path}/b`);
      api.note('a pod without a node goes at once', [status, (await api.silent('GET', `${path}/b`)).status]);
    },
  },
  {
    name: 'service account tokens',
    controllers: true,
    async run(api) {
      const path = api.core('serviceaccounts/default/token');
      const request = (spec: unknown) => ({
        apiVersion: 'authentication.k8s.io/v1',
        kind: 'TokenRequest',
        spec,
      });
      const answer = await api.silent('POST', path, request({ expirationSeconds: 600 }));
      const { status } = answer.body as { status: { token: string } };
      api.note('status and parts', [answer.status, status.token.split('.').length]);
      await api.post(path, request({ expirationSeconds: 5 }));
      const review = await api.silent('POST', '/apis/authentication.k8s.io/v1/tokenreviews', {
        spec: { token: status.token },
      });
      const user = (
        review.body as { status: { authenticated: boolean; user: { username: string; groups: string[] } } }
      ).status;
      api.note('review', [user.authenticated, user.user.username, user.user.groups]);
      const wrong = await api.silent('POST', '/apis/authentication.k8s.io/v1/tokenreviews', {
        spec: { token: `${status.token}x` },
      });
      api.note(
        'review of a broken one',
        (wrong.body as { status: { authenticated?: boolean } }).status.authenticated ?? false,
      );
      const access = await api.silent('POST', '/apis/authorization.k8s.io/v1/selfsubjectaccessreviews', {
        spec: { resourceAttributes: { verb: 'get', resource: 'pods' } },
      });
      api.note('an administrator may', (access.body as { status: { allowed: boolean } }).status.allowed);
    },
  },
];
