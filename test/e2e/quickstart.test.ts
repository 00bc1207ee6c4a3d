import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { eventually } from '../support/eventually.ts';
import {
  type Conditioned,
  getJson,
  isReadyNow,
  isRunning,
  LocalControlPlane,
  listenAddresses,
  type PodList,
  root,
  type Up,
} from './local.ts';

/** The quickstart as a user runs it, on real programs, with every part killed once. */
const local = new LocalControlPlane('quickstart');
const examples = join(root, 'examples', 'quickstart');
let up: Up;

interface AlertmanagerSilence {
  readonly id: string;
  readonly comment: string;
  readonly status: { readonly state: string };
}
interface AlertmanagerAlert {
  readonly labels: Readonly<Record<string, string>>;
  readonly status: { readonly state: string; readonly silencedBy: readonly string[] };
}

beforeAll(async () => {
  await local.prepare();
  up = local.up(examples);
  await local.untilReady(up);
});

afterAll(async () => {
  up?.interrupt();
  await local.remove();
});

async function podAddresses(name: string): Promise<readonly string[]> {
  const pods = await local.get<PodList>('pods', '-n', 'monitoring', '-l', `app.kubernetes.io/name=${name}`);
  return pods.items.map((pod) => pod.status.podIP ?? '');
}

async function activeSilences(address: string): Promise<readonly AlertmanagerSilence[]> {
  const all = await getJson<readonly AlertmanagerSilence[]>(`http://${address}:9093/api/v2/silences`);
  return all.filter((silence) => silence.status.state === 'active');
}

async function everythingReady(): Promise<true | undefined> {
  const lists = await local.get<{ items: readonly Conditioned[] }>('mstack,ars,aroute,sil', '-A');
  return lists.items.length === 6 && lists.items.every(isReadyNow) ? true : undefined;
}

async function promQuery(address: string, query: string, time?: number): Promise<readonly unknown[]> {
  const at = time === undefined ? '' : `&time=${time}`;
  const url = `http://${address}:9090/api/v1/query?query=${encodeURIComponent(query)}${at}`;
  return (await getJson<{ data: { result: readonly unknown[] } }>(url)).data.result;
}

interface QueryAnswer {
  readonly data: { readonly result: readonly { readonly metric: Readonly<Record<string, string>> }[] };
  readonly warnings?: readonly string[];
}

/** An instant query of the stack's query server, at the address that `local up` printed. */
async function ask(query: string): Promise<{ readonly answer: QueryAnswer; readonly partial: boolean }> {
  const url = /Query \(monitoring\/main-query\) +(http:\/\/\S+)/.exec(up.output())?.[1];
  const response = await fetch(`${url}/api/v1/query?query=${encodeURIComponent(query)}`);
  return {
    answer: (await response.json()) as QueryAnswer,
    partial: response.headers.get('x-promfleet-partial') === 'true',
  };
}

/** Targets of an answer, in order. */
function targetsOf(result: QueryAnswer['data']['result']): readonly string[] {
  return result.map(({ metric }) => `${metric.job} ${metric.instance}`).sort();
}

describe('promfleet local up', () => {
  it('prints addresses, the kubeconfig and the word ready', () => {
    expect(up.output()).toMatch(/Prometheus \(monitoring\/main-prometheus\) +http:\/\/127\./);
    expect(up.output()).toMatch(/Alertmanager \(monitoring\/main-alertmanager\) +http:\/\/127\./);
    expect(up.output()).toMatch(/Webhook sink \(monitoring\/webhook-sink\) +http:\/\/127\./);
    expect(up.output()).toContain(local.kubeconfig);
    expect(up.output()).toMatch(/^ready after \d+\.\ds/m);
  });

  it('serves the printed addresses', async () => {
    const url = /Prometheus \(\S+\) +(http:\/\/\S+)/.exec(up.output())?.[1];
    expect((await fetch(`${url}/-/ready`)).status).toBe(200);
  });

  it('listens on nothing outside 127.0.0.0/8', () => {
    const addresses = listenAddresses([...local.processes(), up.pid]);
    expect(addresses.length).toBeGreaterThan(5);
    expect(addresses.filter((address) => !address.startsWith('127.'))).toEqual([]);
  });

  it("brings the team's alert to its receiver, where the user sees it", async () => {
    const line = await eventually('a notification', () => /FIRING +CheckoutDemo.*$/m.exec(up.output())?.[0]);
    expect(line).toContain('promfleet_namespace="checkout"');
    expect(line).toContain('at /checkout: ');
    expect(await local.kubectl('logs', '-n', 'monitoring', 'deploy/webhook-sink')).toContain('CheckoutDemo');
  });

  it('holds one silence, the same in every Alertmanager, and mutes the alert with it', async () => {
    const addresses = await podAddresses('alertmanager');
    expect(addresses).toHaveLength(3);
    const ids = await eventually('one silence everywhere', async () => {
      const silences = await Promise.all(addresses.map(activeSilences));
      return silences.every((list) => list.length === 1) ? silences.map((list) => list[0]?.id) : undefined;
    });
    expect(new Set(ids).size).toBe(1);
    for (const address of addresses) {
      await eventually('the alert to be muted', async () => {
        const alerts = await getJson<readonly AlertmanagerAlert[]>(`http://${address}:9093/api/v2/alerts`);
        const muted = alerts.find((alert) => alert.labels.alertname === 'PaymentsDemo');
        return muted?.status.state === 'suppressed' && muted.status.silencedBy[0] === ids[0]
          ? true
          : undefined;
      });
    }
    expect(up.output()).not.toMatch(/FIRING +PaymentsDemo/);
  });

  it('says the same by promfleet local status and kubectl', async () => {
    const status = JSON.parse(await local.cli('local', 'status', '--json')) as { pods: { ready: boolean }[] };
    expect(status.pods).toHaveLength(9);
    expect(status.pods.every((pod) => pod.ready)).toBe(true);
    await local.kubectl('wait', '-n', 'monitoring', '--for=condition=Ready', 'mstack/main', '--timeout=20s');
    expect(await local.kubectl('describe', '-n', 'checkout', 'ars/checkout')).toContain('Loaded');
  });

  it('answers queries over both Prometheus replicas, each target once', async () => {
    const [first, second] = await podAddresses('prometheus');
    await eventually('the same targets everywhere', async () => {
      const { answer, partial } = await ask('up');
      const { result } = answer.data;
      const own = await Promise.all(
        [first!, second!].map(async (address) =>
          targetsOf((await promQuery(address, 'up')) as QueryAnswer['data']['result']),
        ),
      );
      expect(partial).toBe(false);
      expect(answer).not.toHaveProperty('warnings');
      expect(result.filter(({ metric }) => 'promfleet_replica' in metric)).toEqual([]);
      expect(result.every(({ metric }) => metric.promfleet_shard === '0')).toBe(true);
      const merged = JSON.stringify(targetsOf(result));
      return own.every((targets) => targets.length > 8 && JSON.stringify(targets) === merged)
        ? true
        : undefined;
    });
    const { answer } = await ask('{__name__="up", promfleet_replica="main-prometheus-0-1"}');
    expect(new Set(answer.data.result.map(({ metric }) => metric.promfleet_replica))).toEqual(
      new Set(['main-prometheus-0-1']),
    );
  });

  it('loads an edited rule set in every replica within seconds of kubectl apply', async () => {
    const edit = JSON.stringify({
      spec: {
        groups: [{ name: 'edited', rules: [{ record: 'e2e:edited', expr: 'vector(42)' }], interval: '1s' }],
      },
    });
    await local.kubectl('patch', '-n', 'payments', 'ars/payments', '--type=merge', '-p', edit);
    for (const address of await podAddresses('prometheus')) {
      await eventually('the new rule in each replica', async () => {
        return (await promQuery(address, 'e2e:edited')).length === 1 ? true : undefined;
      });
    }
    await eventually('everything ready again', everythingReady);
    await local.kubectl(
      'apply',
      '--server-side',
      '--force-conflicts',
      '-f',
      join(examples, '31-payments.yaml'),
    );
    await eventually('everything ready again', everythingReady);
  });
});

describe('kill -9', () => {
  it('of one Prometheus leaves queries with an answer that says whom it lacks', async () => {
    const whole = targetsOf((await ask('up')).answer.data.result);
    const { answer } = await eventually('a partial answer', async () => {
      const pid = local.containerPid('main-prometheus-0-1', 'prometheus');
      if (isRunning(pid)) process.kill(pid, 'SIGKILL');
      const asked = await ask('up');
      return asked.partial ? asked : undefined;
    });
    expect(targetsOf(answer.data.result)).toEqual(whole);
    expect(answer.warnings).toEqual([expect.stringMatching(/^source http:\/\/127\..*SourceFailed/)]);
    await eventually('a whole answer again', async () => ((await ask('up')).partial ? undefined : true));
    await eventually('everything ready again', everythingReady);
  });

  it.each([
    ['main-prometheus-0-0', 'prometheus'],
    ['main-alertmanager-1', 'alertmanager'],
    ['main-prometheus-0-1', 'reloader'],
    ['main-alertmanager-2', 'reloader'],
  ])('of the %s %s is survived', async (pod, container) => {
    const pid = local.containerPid(pod, container);
    process.kill(pid, 'SIGKILL');
    await eventually('a new process', () => {
      const now = local.containerPid(pod, container);
      return now !== pid && isRunning(now) ? now : undefined;
    });
    await local.kubectl('wait', '-n', 'monitoring', '--for=condition=Ready', `pod/${pod}`, '--timeout=60s');
    await eventually('everything ready again', everythingReady);
  });

  it.each(['operator', 'apiserver'])('of the %s is survived', async (part) => {
    const pid = local.partPid(part);
    process.kill(pid, 'SIGKILL');
    await eventually('a new process', () => {
      const now = local.partPid(part);
      return now !== pid && isRunning(now) ? now : undefined;
    });
    await eventually('everything ready again', everythingReady);
  });

  it('leaves one silence and no second notification of a muted alert', async () => {
    const silences = await eventually('the silence in all three', async () => {
      const lists = await Promise.all((await podAddresses('alertmanager')).map(activeSilences));
      return lists.every((list) => list.length === 1) ? lists.flat() : undefined;
    });
    expect(new Set(silences.map(({ id }) => id)).size).toBe(1);
    expect(up.output()).not.toMatch(/FIRING +PaymentsDemo/);
  });

  it('of local up itself: the next one takes the running pods over', async () => {
    const pids = ['main-prometheus-0-0', 'main-prometheus-0-1'].map((pod) =>
      local.containerPid(pod, 'prometheus'),
    );
    up.kill();
    await up.ended;
    expect(pids.every(isRunning)).toBe(true);
    up = local.up(examples);
    await local.untilReady(up);
    expect(
      ['main-prometheus-0-0', 'main-prometheus-0-1'].map((pod) => local.containerPid(pod, 'prometheus')),
    ).toEqual(pids);
    await eventually('everything ready again', everythingReady);
  });
});

describe('the end', () => {
  let stoppedAt = 0;

  it('comes within seconds of Ctrl-C and leaves no process', async () => {
    stoppedAt = Date.now() / 1000;
    const processes = local.processes();
    expect(processes.length).toBeGreaterThan(10);
    up.interrupt();
    expect(await up.ended).toBe(0);
    expect(local.processes()).toEqual([]);
    expect(processes.filter(isRunning)).toEqual([]);
  });

  it.each<[string, (up: Up) => void]>([
    ['the key Ctrl-C', (terminal) => terminal.interrupt()],
    ['the closing of its window', (terminal) => terminal.kill()],
  ])('comes in a terminal by %s and leaves no process', async (_name, end) => {
    const terminal = local.upInTerminal(examples);
    await local.untilReady(terminal);
    expect(local.processes().length).toBeGreaterThan(10);
    end(terminal);
    await terminal.ended;
    await eventually('no process left', () => (local.processes().length === 0 ? true : undefined));
    await eventually('the lock given back', () =>
      existsSync(join(local.stateDir, 'up.pid')) ? undefined : true,
    );
  });

  it('keeps the data: the next run goes on with it', async () => {
    up = local.up(examples);
    await local.untilReady(up);
    for (const address of await podAddresses('prometheus')) {
      const before = await promQuery(address, 'count(up)', stoppedAt - 5);
      expect(before).toHaveLength(1);
    }
    await eventually('everything ready again', everythingReady);
  });

  it('of everything comes by local down, while it runs', async () => {
    await local.cli('local', 'down');
    expect(await up.ended).toBe(0);
    expect(local.processes()).toEqual([]);
    expect(readdirSync(local.stateDir)).toEqual(['programs']);
    expect(existsSync(local.kubeconfig)).toBe(false);
  });
});
