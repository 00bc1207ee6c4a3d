import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { systemClock } from '../../src/base/clock.ts';
import { AlertmanagerClient } from '../../src/controllers/alertmanager-api.ts';
import type { Silence, SilenceSpec, SilenceStatus } from '../../src/crds/silence.ts';
import { ownerOf } from '../../src/reconcilers/silence/alertmanager.ts';
import { SilenceReconciler } from '../../src/reconcilers/silence/reconcile.ts';
import { freePort } from '../support/free-port.ts';
import { AlertmanagerProcess } from './alertmanager-process.ts';

const members: AlertmanagerProcess[] = [];
const client = new AlertmanagerClient();
const uid = 'uid-1';
const config = 'route: {receiver: none}\nreceivers: [{name: none}]\n';

beforeAll(async () => {
  const ports = await Promise.all([freePort(), freePort(), freePort()]);
  const peers = ports.map((port) => `127.0.0.1:${port}`);
  const args = [
    '--cluster.pushpull-interval=2s',
    '--cluster.settle-timeout=5s',
    '--cluster.reconnect-interval=1s',
  ];
  members.push(
    ...(await Promise.all(
      ports.map((port) => AlertmanagerProcess.start({ config, cluster: { port, peers }, args })),
    )),
  );
  await until(async () => {
    const states = await Promise.all(members.map((member) => member.json('/api/v2/status')));
    return (states as { cluster: { status: string; peers: unknown[] } }[]).every(
      ({ cluster }) => cluster.status === 'ready' && cluster.peers.length === 3,
    );
  });
});

afterAll(() => Promise.all(members.map((member) => member[Symbol.asyncDispose]())));

async function until(holds: () => Promise<boolean>): Promise<void> {
  for (let attempt = 0; attempt < 300; attempt++) {
    if (await holds().catch(() => false)) return;
    await sleep(100);
  }
  throw new Error('it does not come about');
}

/** An operator of one object, in this process. */
class Operator {
  object: Silence | undefined;
  #stopped = false;
  #wake = new AbortController();
  readonly #running: Promise<void>;

  constructor(spec: SilenceSpec) {
    this.object = {
      apiVersion: 'promfleet.dev/v1alpha1',
      kind: 'Silence',
      metadata: {
        namespace: 'shop',
        name: 'canary',
        uid,
        generation: 1,
        creationTimestamp: new Date().toISOString(),
      },
      spec,
    };
    const replicas = members.map(({ url }, index) => ({ name: `am-${index}`, url }));
    const cluster = { namespace: 'monitoring', name: 'main', replicas };
    const reconciler = new SilenceReconciler({
      silences: { get: () => this.object, list: () => (this.object === undefined ? [] : [this.object]) },
      clusters: () => [{ ...cluster, verdict: { selected: true, reason: 'Selected', message: '' } }],
      allClusters: () => [cluster],
      api: client,
      writer: {
        setStatus: async (_object, status) => {
          if (this.object !== undefined) this.object = { ...this.object, status: status as SilenceStatus };
        },
        setFinalizers: async () => {
          throw new Error('the object has no finalizers');
        },
      },
      events: { emit: () => {} },
      clock: systemClock,
      platformNamespaces: new Set(),
    });
    this.#running = this.#run(reconciler);
  }

  async #run(reconciler: SilenceReconciler): Promise<void> {
    while (!this.#stopped) {
      const wake = this.#wake;
      const result = await reconciler.reconcile('shop/canary');
      // Drift is looked for every few seconds; the test does not wait for that.
      await systemClock.sleep(Math.min(result?.requeueAfterMs ?? 500, 500), wake.signal).catch(() => {});
    }
  }

  update(spec: Partial<SilenceSpec>): void {
    const { metadata, ...rest } = this.object!;
    this.object = { ...rest, metadata: { ...metadata, generation: 2 }, spec: { ...rest.spec, ...spec } };
  }

  delete(): void {
    this.object = undefined;
  }

  /** Ids of live silences of the object in each member. */
  async live(): Promise<string[][]> {
    return Promise.all(
      members.map(async ({ url }) =>
        (await client.list(url))
          .filter(({ comment, state }) => state !== 'expired' && ownerOf(comment)?.uid === uid)
          .map(({ id }) => id),
      ),
    );
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    this.#wake.abort();
    await this.#running;
  }
}

const isOneEverywhere = (live: readonly (readonly string[])[]) =>
  live.every((ids) => ids.length === 1 && ids[0] === live[0]![0]);

test('a Silence lives in three gossiping members: posted once, repaired, changed, survived, taken back', async () => {
  const quoted = 'say "hi"\\\n{a,b}';
  const operator = new Operator({
    matchers: ['alertname="A"', `"odd name"=${JSON.stringify(quoted)}`, 'severity!~"info|none"'],
    duration: '2h',
    comment: 'one',
  });
  try {
    await until(
      async () => operator.object?.status?.confirmed === '3/3' && isOneEverywhere(await operator.live()),
    );
    const [[first]] = (await operator.live()) as [[string]];
    const posted = (await client.list(members[2]!.url)).find(({ id }) => id === first)!;
    expect(posted.matchers).toEqual(
      expect.arrayContaining([
        { name: 'odd name', operator: '=', value: quoted },
        { name: 'severity', operator: '!~', value: 'info|none' },
        { name: 'promfleet_namespace', operator: '=', value: 'shop' },
      ]),
    );
    expect(operator.object?.status?.stacks?.[0]?.silences?.[0]).toMatchObject({ id: first, state: 'Active' });

    // By hand, in another member than the one it was posted to.
    const foreign = await client.post(members[1]!.url, {
      matchers: posted.matchers,
      startsAtMs: Date.now(),
      endsAtMs: Date.now() + 3.6e6,
      createdBy: 'ann',
      comment: 'mine',
    });
    await client.expire(members[1]!.url, first);
    await until(async () => {
      const live = await operator.live();
      return isOneEverywhere(live) && live[0]![0] !== first;
    });

    const [[second]] = (await operator.live()) as [[string]];
    const {
      state: _,
      updatedAtMs: _at,
      ...edited
    } = (await client.list(members[0]!.url)).find(({ id }) => id === second)!;
    await client.post(members[0]!.url, { ...edited, endsAtMs: Date.now() + 60_000 });
    await until(async () => {
      const again = (await client.list(members[2]!.url)).find(({ id }) => id === second);
      return again?.state === 'active' && again.endsAtMs > Date.now() + 3.6e6;
    });

    operator.update({ matchers: ['alertname="B"'] });
    await until(async () => {
      const live = await operator.live();
      return isOneEverywhere(live) && live[0]![0] !== second;
    });

    const [[third]] = (await operator.live()) as [[string]];
    await members[0]!.kill();
    await sleep(500);
    await members[0]!.resume();
    await until(
      async () => isOneEverywhere(await operator.live()) && operator.object?.status?.confirmed === '3/3',
    );
    expect((await operator.live())[0]).toEqual([third]);

    operator.delete();
    await until(async () => operator.object === undefined);
    await until(async () => (await operator.live()).every((ids) => ids.length === 0));
    expect((await client.list(members[0]!.url)).find(({ id }) => id === foreign)).toMatchObject({
      state: 'active',
      comment: 'mine',
    });
  } finally {
    await operator.stop();
  }
});

test('the client says what an Alertmanager refuses, and that one does not answer', async () => {
  const draft = {
    matchers: [{ name: 'a', operator: '=~' as const, value: '(' }],
    startsAtMs: Date.now(),
    endsAtMs: Date.now() + 1e6,
    createdBy: 'x',
    comment: 'x',
  };
  await expect(client.post(members[0]!.url, draft)).rejects.toMatchObject({ code: 'AlertmanagerRefused' });
  await expect(client.list(`http://127.0.0.1:${await freePort()}`)).rejects.toMatchObject({
    code: 'AlertmanagerUnreachable',
  });
  await client.expire(members[0]!.url, '00000000-0000-4000-8000-000000000000');
});
