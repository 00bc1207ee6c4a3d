import { X509Certificate } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { connect as tlsConnect } from 'node:tls';
import { hashSync } from 'bcryptjs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  type Conditioned,
  getJson,
  isReadyNow,
  LocalControlPlane,
  type PodList,
  type Up,
} from '../e2e/local.ts';
import { AlertmanagerProcess } from '../programs/alertmanager-process.ts';
import { eventually } from '../support/eventually.ts';
import { freePort } from '../support/free-port.ts';
import { answersTo, attempt, type Credentials, forged } from './attempt.ts';

/**
 * What a tenant's pod may try that reaches every port of a stack: real programs, no NetworkPolicy, one process as good as
 * another. Who has no certificate of the stack changes and reads nothing.
 */
const local = new LocalControlPlane('attacks');
let up: Up;
let prometheus: string;
let alertmanager: string;
let query: string;
let compactor: string;

const stack = (spec: object) => ({
  apiVersion: 'promfleet.dev/v1alpha1',
  kind: 'MonitoringStack',
  metadata: { name: 'main', namespace: 'monitoring' },
  spec: {
    objectStore: { volumeClaim: { name: 'bucket' } },
    // The door that would hurt most, were it open.
    prometheus: { replicas: 1, scrapeInterval: '2s', extraArgs: [{ name: 'web.enable-admin-api' }] },
    alertmanager: { replicas: 2 },
    compactor: {},
    tls: { mode: 'Required' },
    ...spec,
  },
});

beforeAll(async () => {
  await local.prepare();
  const manifests = join(local.stateDir, 'manifests.yaml');
  const claim = {
    apiVersion: 'v1',
    kind: 'PersistentVolumeClaim',
    metadata: { name: 'bucket', namespace: 'monitoring' },
    spec: { accessModes: ['ReadWriteMany'], resources: { requests: { storage: '1Gi' } } },
  };
  const namespace = { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'monitoring' } };
  writeFileSync(manifests, [namespace, claim, stack({})].map((each) => JSON.stringify(each)).join('\n---\n'));
  up = local.up(manifests);
  await local.untilReady(up, 280_000);
  [prometheus, alertmanager, query, compactor] = (await Promise.all(
    ['prometheus', 'alertmanager', 'promfleet-query', 'promfleet-compactor'].map(addressOf),
  )) as [string, string, string, string];
});

afterAll(async () => {
  up?.interrupt();
  await local.remove();
});

async function addressOf(app: string): Promise<string> {
  const pods = await local.get<PodList>('pods', '-n', 'monitoring', '-l', `app.kubernetes.io/name=${app}`);
  const ready = pods.items.filter(
    ({ status }) => status.containerStatuses?.every((each) => each.ready) === true,
  );
  return ready.map(({ status }) => status.podIP ?? '').sort()[0]!;
}

/** What a role of the stack holds, as only its pods and the operator may read it. */
async function identityOf(role: string): Promise<Required<Credentials> & { readonly ca: string }> {
  const secret = await local.get<{ data: Record<string, string> }>(
    'secret',
    '-n',
    'monitoring',
    'main-identities',
  );
  const text = (key: string) => Buffer.from(secret.data[key] ?? '', 'base64').toString('utf8');
  const pem = text(`${role}.pem`);
  const at = pem.indexOf('-----BEGIN CERTIFICATE');
  return { key: pem.slice(0, at), cert: pem.slice(at), ca: text('ca.crt') };
}

const silence = JSON.stringify({
  matchers: [{ name: 'alertname', value: '.+', isRegex: true }],
  startsAt: new Date().toISOString(),
  endsAt: new Date(Date.now() + 3_600_000).toISOString(),
  createdBy: 'tenant',
  comment: 'attack',
});
const alert = JSON.stringify([{ labels: { alertname: 'Forged', promfleet_namespace: 'payments' } }]);
const name = (role: string) => `${role}.main.monitoring.promfleet.internal`;

/** Method, where, body. `$P`, `$A`, `$Q`, `$C`: pods of Prometheus, Alertmanager, query server and compactor. */
const attacks: readonly (readonly [string, string, string?])[] = [
  ['POST', '$P:9090/-/reload'],
  ['POST', '$P:9090/-/quit'],
  ['PUT', '$P:9090/-/quit'],
  ['POST', '$P:9090/api/v1/admin/tsdb/delete_series?match[]=up'],
  ['POST', '$P:9090/api/v1/admin/tsdb/snapshot'],
  ['GET', '$P:9090/api/v1/query?query=up'],
  ['GET', '$P:9090/api/v1/status/config'],
  ['POST', '$P:9090/api/v1/read'],
  ['GET', '$P:9533/metrics'],
  ['POST', '$A:9093/-/reload'],
  ['POST', '$A:9093/api/v2/silences', silence],
  ['DELETE', '$A:9093/api/v2/silence/00000000-0000-0000-0000-000000000000'],
  ['POST', '$A:9093/api/v2/alerts', alert],
  ['GET', '$A:9093/api/v2/status'],
  ['GET', '$A:9533/metrics'],
  ['GET', '$Q:10902/api/v1/query?query=up'],
  ['POST', '$Q:10902/api/v1/read'],
  ['GET', '$Q:10902/federate?match[]=up'],
  ['GET', '$Q:10902/metrics'],
  ['GET', '$C:10912/metrics'],
];

function urlOf(place: string, scheme = 'https'): string {
  const at = { $P: prometheus, $A: alertmanager, $Q: query, $C: compactor } as const;
  return `${scheme}://${place.replace(/^\$[PAQC]/, (pod) => at[pod as keyof typeof at])}`;
}

/** By who asks, not by what is asked: a server of Go answers 400 to plain HTTP where it speaks TLS. */
const isRefusal = (answer: number | 'refused', scheme = 'https') =>
  answer === 'refused' || answer === 401 || answer === 403 || (scheme === 'http' && answer === 400);

describe.each<[string, string, () => Promise<Credentials>]>([
  ['without a certificate', 'https', async () => ({})],
  ['in plain HTTP', 'http', async () => ({})],
  ["with the right name by an authority of one's own", 'https', async () => forged(name('operator'))],
])('%s', (_title, scheme, credentials) => {
  const each = attacks.map(([method, place, body]) => ({ method, place, body }));
  it.each(each)('$method $place is refused', async ({ method, place, body }) => {
    const options = { ...(await credentials()), ...(body === undefined ? {} : { body }) };
    const answer = await attempt(method, urlOf(place, scheme), options);
    expect(`${answer}: ${isRefusal(answer, scheme)}`).toBe(`${answer}: true`);
  });
});

describe('a part of the stack', () => {
  it.each<[string, string, string, boolean]>([
    ['query', 'GET', '$P:9090/api/v1/query?query=up', true],
    ['operator', 'GET', '$A:9093/api/v2/silences', true],
    ['prometheus', 'GET', '$A:9533/metrics', true],
    ['prometheus', 'GET', '$Q:10902/metrics', true],
    // Whoever takes over a query server, which answers to many, has no Alertmanager by that.
    ['query', 'POST', '$A:9093/api/v2/silences', false],
    ['query', 'GET', '$A:9533/metrics', false],
    ['compactor', 'POST', '$P:9090/-/quit', false],
    ['compactor', 'GET', '$Q:10902/api/v1/query?query=up', false],
    ['alertmanager', 'POST', '$P:9090/-/reload', false],
  ])('%s may %s %s: %s', async (role, method, place, may) => {
    const { key, cert } = await identityOf(role);
    const answer = await attempt(method, urlOf(place), {
      key,
      cert,
      ...(place.includes('silences') && method === 'POST' ? { body: silence } : {}),
    });
    expect(isRefusal(answer) ? false : answer === 200).toBe(may);
  });
});

describe('what this machine reads without a certificate', () => {
  it.each<[string, string, number, Record<string, string>?]>([
    ['GET', '$P:9190/api/v1/query?query=up', 200],
    ['POST', '$P:9190/api/v1/query?query=up', 200],
    ['GET', '$A:9193/api/v2/status', 200],
    ['GET', '$Q:10932/api/v1/query?query=up', 200],
    ['GET', '$P:9190/agent/metrics', 200],
    ['POST', '$P:9190/-/reload', 403],
    ['POST', '$P:9190/-/quit', 403],
    ['PUT', '$P:9190/-/quit', 403],
    ['POST', '$P:9190//-/quit', 403],
    ['POST', '$P:9190/api/v1/query/../admin/tsdb/delete_series', 403],
    ['POST', '$P:9190/api/v1/admin/tsdb/delete_series?match[]=up', 403],
    ['POST', '$A:9193/api/v2/silences', 403],
    ['POST', '$A:9193/api/v2/alerts', 403],
    ['DELETE', '$A:9193/api/v2/silence/00000000-0000-0000-0000-000000000000', 403],
    ['GET', '$P:9190/api/v1/query?query=up', 403, { host: 'evil.example' }],
    ['GET', '$Q:10932/api/v1/query?query=up', 403, { host: 'evil.example:10932' }],
  ])('%s %s answers %d', async (method, place, status, headers) => {
    expect(await attempt(method, urlOf(place, 'http'), headers === undefined ? {} : { headers })).toBe(
      status,
    );
  });
});

describe('the gossip of the Alertmanagers', () => {
  it('answers nobody who does not speak TLS', async () => {
    // A memberlist ping and a stream header are the first bytes that a member without TLS sends.
    for (const bytes of [Buffer.from([0x00, 0x85]), Buffer.from([0xf4, 0x04, 0x61, 0x2f, 0x62, 0x06, 0x80])])
      expect(await answersTo(alertmanager, 9094, bytes)).toBe(false);
  });

  it.each<[string, readonly string[]]>([
    ['plainly', []],
    ['with a certificate of its own authority', ['--cluster.tls-config=gossip.yaml']],
  ])('is not joined %s', async (_title, more) => {
    const { key, cert } = forged(name('alertmanager'));
    const tls = { cert_file: 'own.pem', key_file: 'own.pem' };
    const gossip = {
      tls_server_config: tls,
      tls_client_config: { ...tls, insecure_skip_verify: true },
    };
    await using intruder = await AlertmanagerProcess.start({
      config: 'route: {receiver: none}\nreceivers: [{name: none}]\n',
      files: { 'own.pem': key + cert, 'gossip.yaml': JSON.stringify(gossip) },
      cluster: { port: await freePort(), peers: [`${alertmanager}:9094`] },
      args: ['--cluster.label=monitoring/main-alertmanager', '--cluster.reconnect-interval=1s', ...more],
    });
    const posted = await attempt('POST', `${intruder.url}/api/v2/silences`, { body: silence });
    expect(posted).toBe(200);
    await new Promise((resolve) => setTimeout(resolve, 8_000));
    type Status = { cluster: { peers: readonly unknown[] } };
    expect((await getJson<Status>(`${intruder.url}/api/v2/status`)).cluster.peers).toHaveLength(1);
    expect((await getJson<Status>(urlOf('$A:9193/api/v2/status', 'http'))).cluster.peers).toHaveLength(2);
    expect(await getJson<readonly unknown[]>(urlOf('$A:9193/api/v2/silences', 'http'))).toEqual([]);
  });
});

describe('after all that', () => {
  it('every server runs as it did, restarted by nobody, with its series and without silences or alerts of others', async () => {
    const pods = await local.get<PodList>('pods', '-n', 'monitoring');
    const restarts = pods.items.flatMap(({ status }) => [
      ...(status.initContainerStatuses ?? []),
      ...(status.containerStatuses ?? []),
    ]);
    expect(restarts.filter(({ restartCount }) => restartCount > 0)).toEqual([]);
    const alerts = await getJson<readonly { labels: Record<string, string> }[]>(
      urlOf('$A:9193/api/v2/alerts', 'http'),
    );
    expect(alerts.filter(({ labels }) => labels.alertname === 'Forged')).toEqual([]);
    type Answer = {
      data: { result: readonly { metric: Record<string, string>; value: [number, string] }[] };
    };
    const answer = await getJson<Answer>(
      urlOf(`$Q:10932/api/v1/query?query=${encodeURIComponent('up{job!="pods"}')}`, 'http'),
    );
    const targets = answer.data.result.map(({ metric, value }) => `${metric.job} ${value[1]}`).sort();
    expect(targets).toEqual([
      'alertmanager 1',
      'alertmanager 1',
      'prometheus 1',
      'promfleet-query 1',
      'reloader 1',
      'reloader 1',
      'reloader 1',
    ]);
  });

  it('a certificate that is gone is issued anew and served without a restart', async () => {
    const serial = () =>
      new Promise<string>((resolve, reject) => {
        const socket = tlsConnect({ host: prometheus, port: 9090, rejectUnauthorized: false }, () => {
          resolve(new X509Certificate(socket.getPeerCertificate().raw).serialNumber);
          socket.destroy();
        });
        socket.on('error', reject);
      });
    const before = await serial();
    await local.kubectl(
      'patch',
      'secret',
      '-n',
      'monitoring',
      'main-identities',
      '--type=merge',
      '-p',
      '{"data":{"prometheus.pem":""}}',
    );
    await eventually(
      'another certificate',
      async () => ((await serial()) === before ? undefined : true),
      120_000,
    );
    const { key, cert } = await identityOf('query');
    expect(await attempt('GET', urlOf('$P:9090/-/ready'), { key, cert })).toBe(200);
  });
});

describe('people', () => {
  it('read with a password or a token of Kubernetes once the stack lets them', async () => {
    await local.apply({
      apiVersion: 'v1',
      kind: 'Secret',
      metadata: { name: 'readers', namespace: 'monitoring' },
      stringData: { users: `ann:${hashSync('right', 4)}\n` },
    });
    await local.apply(
      stack({ access: { basic: { name: 'readers', key: 'users' }, tokens: { enabled: true } } }),
    );
    const basic = (text: string) => ({
      headers: { authorization: `Basic ${Buffer.from(text).toString('base64')}` },
    });
    const token = (text: string) => ({ headers: { authorization: `Bearer ${text}` } });
    await eventually('the query server with these rules', async () => {
      query = await addressOf('promfleet-query');
      return (await attempt('GET', urlOf('$Q:10902/api/v1/labels'), basic('ann:right'))) === 200
        ? true
        : undefined;
    });
    const good = (await local.kubectl('create', 'token', '-n', 'monitoring', 'default')).trim();
    const tries: readonly (readonly [object, number])[] = [
      [basic('ann:wrong'), 401],
      [basic('bob:right'), 401],
      [token(good), 200],
      [token(`${good.slice(0, -4)}AAAA`), 401],
      [token('x'), 401],
      [{}, 401],
    ];
    for (const [options, status] of tries)
      expect(await attempt('GET', urlOf('$Q:10902/api/v1/labels'), options)).toBe(status);
    const ready = await local.get<Conditioned>('mstack', '-n', 'monitoring', 'main');
    expect(isReadyNow(ready)).toBe(true);
  });
});
