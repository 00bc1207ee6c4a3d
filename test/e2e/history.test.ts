import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { BlockMeta } from '../../src/storage-engine/format/block-meta.ts';
import { eventually } from '../support/eventually.ts';
import { blockNames, makeBlocks, steadySeries } from '../support/made-block.ts';
import { getJson, isReadyNow, LocalControlPlane, type PodList, type Up } from './local.ts';

/** A stack whose blocks go to a bucket, and what is left of its past when its volumes are gone. */
const local = new LocalControlPlane('history');
const stack = `
apiVersion: v1
kind: Namespace
metadata: {name: monitoring}
---
apiVersion: v1
kind: PersistentVolumeClaim
metadata: {name: bucket, namespace: monitoring}
spec:
  accessModes: [ReadWriteMany]
  resources: {requests: {storage: 1Gi}}
---
apiVersion: promfleet.dev/v1alpha1
kind: MonitoringStack
metadata: {name: main, namespace: monitoring}
spec:
  externalLabels: {cluster: e2e}
  objectStore: {volumeClaim: {name: bucket}}
  prometheus: {replicas: 1, retention: {time: 5y}, storage: {size: 1Gi}}
  alertmanager: {replicas: 0}
  compactor:
    extraArgs: [{name: wait-interval, value: 5s}, {name: consistency-delay, value: 0s}]
`;
let up: Up;

interface Stack {
  readonly status?: {
    readonly replicas?: readonly {
      readonly shipping?: {
        readonly waitingBlocks?: number;
        readonly lastUpload?: string;
        readonly error?: string;
      };
    }[];
  };
}

interface Answer {
  readonly data: { readonly result: readonly { readonly value: readonly [number, string] }[] };
  readonly warnings?: readonly string[];
}

beforeAll(async () => {
  await local.prepare();
  const folder = join(local.stateDir, 'manifests');
  mkdirSync(folder);
  writeFileSync(join(folder, 'stack.yaml'), stack);
  up = local.up(folder);
  await local.untilReady(up, 240_000);
});

afterAll(async () => {
  up?.interrupt();
  await local.remove();
});

function volume(claim: string): string {
  const volumes = join(local.stateDir, 'node', 'volumes');
  const name = readdirSync(volumes).find((each) => each.startsWith(`monitoring_${claim}_`));
  if (name === undefined) throw new Error(`no volume of claim ${claim}`);
  return join(volumes, name);
}

interface Policy {
  readonly status?: {
    readonly erasures?: readonly { readonly state: string; readonly serversLeft?: number }[];
  };
}

function metasOfBucket(): BlockMeta[] {
  const folder = volume('bucket');
  return blockNames(folder)
    .map((name) => join(folder, name, 'meta.json'))
    .filter((path) => existsSync(path))
    .map((path) => JSON.parse(readFileSync(path, 'utf8')) as BlockMeta);
}

async function ask(query: string, time: number): Promise<Answer> {
  const pods = await local.get<PodList>(
    'pods',
    '-n',
    'monitoring',
    '-l',
    'app.kubernetes.io/component=query',
  );
  const url = `http://${pods.items[0]!.status.podIP}:10902/api/v1/query`;
  return await getJson<Answer>(`${url}?query=${encodeURIComponent(query)}&time=${time}`);
}

describe('a stack with a bucket', () => {
  const start = Math.floor(Date.now() / 7_200_000) * 7200 - 86_400;
  let ulids: string[];

  it('ships finished blocks and tells so in its status', async () => {
    ulids = await makeBlocks(join(local.stateDir, 'made'), steadySeries(20, start * 1000, 3, 'orders_total'));
    // As if Prometheus had cut them: it writes a block under another name and renames it.
    const data = volume('data-main-prometheus-0-0');
    for (const ulid of ulids)
      cpSync(join(local.stateDir, 'made', 'data', ulid), join(data, ulid), { recursive: true });
    await eventually(
      'the shipped blocks in the status',
      async () => {
        const { status } = await local.get<Stack>('mstack', 'main', '-n', 'monitoring');
        const shipping = status?.replicas?.[0]?.shipping;
        expect(shipping?.error).toBeUndefined();
        return shipping?.lastUpload !== undefined && shipping.waitingBlocks === 0 ? true : undefined;
      },
      150_000,
    );
    expect(blockNames(volume('bucket'))).toEqual(ulids);
  });

  it('still answers for the past when its Prometheus has lost its volume', async () => {
    const pod = 'main-prometheus-0-0';
    const before = await local.get<{ metadata: { uid: string } }>('pod', pod, '-n', 'monitoring');
    await local.kubectl('delete', 'pvc', `data-${pod}`, '-n', 'monitoring', '--wait=false');
    await local.kubectl('delete', 'pod', pod, '-n', 'monitoring', '--wait=false');
    await eventually(
      'a new pod with an empty volume',
      async () => {
        const now = await local
          .get<{ metadata: { uid: string } }>('pod', pod, '-n', 'monitoring')
          .catch(() => undefined);
        if (now === undefined || now.metadata.uid === before.metadata.uid) return undefined;
        const main = await local.get<Parameters<typeof isReadyNow>[0]>('mstack', 'main', '-n', 'monitoring');
        return isReadyNow(main) ? true : undefined;
      },
      240_000,
    );
    expect(blockNames(volume(`data-${pod}`))).toEqual([]);
    await eventually(
      'the past from the bucket',
      async () => {
        const { data } = await ask('sum(orders_total{cluster="e2e"})', start + 3600);
        return data.result[0] === undefined ? undefined : data.result[0].value[1];
      },
      60_000,
    ).then((sum) => expect(sum).toBe(String(20 * 240 + (1000 * 19 * 20) / 2)));
  });

  it('erases a series on request: from answers first, then from every block of the bucket', {
    timeout: 400_000,
  }, async () => {
    await local.apply({
      apiVersion: 'promfleet.dev/v1alpha1',
      kind: 'RetentionPolicy',
      metadata: { name: 'erase', namespace: 'monitoring' },
      spec: {
        stack: { name: 'main' },
        mode: 'Enforce',
        erase: [{ matchers: ['instance="host-7"'], reason: 'REQUEST-1' }],
      },
    });
    await eventually(
      'an answer without it',
      async () => {
        const { data } = await ask('count(orders_total{cluster="e2e"})', start + 3600);
        return data.result[0]?.value[1] === '19' ? true : undefined;
      },
      120_000,
    );
    await eventually(
      'blocks that were rewritten',
      async () => {
        const { status } = await local.get<Policy>('retentionpolicy', 'erase', '-n', 'monitoring');
        const [erasure] = status?.erasures ?? [];
        const rewritten = metasOfBucket().filter(({ thanos }) => (thanos?.rewrites?.length ?? 0) > 0);
        // Its own Prometheus keeps samples for years: what is left there keeps the state.
        return erasure?.state === 'Hidden' && erasure.serversLeft === 1 && rewritten.length >= ulids.length
          ? rewritten
          : undefined;
      },
      240_000,
    );
    expect(await local.status()).toMatch(/monitoring\/erase +main +Enforced/);
  });
});
