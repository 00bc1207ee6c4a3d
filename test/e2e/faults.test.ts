import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Random, randomBelow, seededRandom } from '../../src/base/random.ts';
import { eventually } from '../support/eventually.ts';
import {
  type Conditioned,
  getJson,
  isReadyNow,
  LocalControlPlane,
  type PodList,
  root,
  type Up,
} from './local.ts';

/**
 * Kills at any moment, real processes: a seeded schedule takes parts, servers, agents and `local up` itself away faster
 * than they recover, while a team keeps editing its rules. Afterwards the declared state must be there, once.
 */
const local = new LocalControlPlane('faults');
const examples = join(root, 'examples', 'quickstart');
const seed = Number(process.env.FAULT_SEED ?? 20_261_121);
const kills = 16;
let up: Up;
let podsBefore: readonly string[];
let processesBefore: number;

const containers: readonly (readonly [string, string])[] = [
  ['main-prometheus-0-0', 'prometheus'],
  ['main-prometheus-0-1', 'prometheus'],
  ['main-prometheus-0-0', 'reloader'],
  ['main-prometheus-0-1', 'reloader'],
  ['main-alertmanager-0', 'alertmanager'],
  ['main-alertmanager-1', 'alertmanager'],
  ['main-alertmanager-2', 'alertmanager'],
  ['main-alertmanager-0', 'reloader'],
];

beforeAll(async () => {
  await local.prepare();
  up = local.up(examples);
  await local.untilReady(up);
  podsBefore = stableNames((await local.get<PodList>('pods', '-A')).items);
  processesBefore = local.processes().length;
});

afterAll(async () => {
  up?.interrupt();
  await local.remove();
});

/** Names of pods, without what a Deployment makes up. */
function stableNames(pods: PodList['items']): readonly string[] {
  return pods.map((pod) => pod.metadata.name.replace(/-[a-z0-9]{10}-[a-z0-9]{5}$/, '')).sort();
}

function pick<T>(random: Random, from: readonly T[]): T {
  return from[randomBelow(random, from.length)] as T;
}

/** Kills one thing that runs now; what is already gone is left alone. */
async function killSomething(random: Random): Promise<string> {
  const what = randomBelow(random, 12);
  if (what === 0) {
    up.kill();
    await up.ended;
    up = local.up(examples);
    return 'local up';
  }
  const [name, pidOf] =
    what <= 4
      ? (() => {
          const part = what <= 2 ? 'operator' : 'apiserver';
          return [part, () => local.partPid(part)] as const;
        })()
      : (() => {
          const [pod, container] = pick(random, containers);
          return [`${pod}/${container}`, () => local.containerPid(pod, container)] as const;
        })();
  try {
    process.kill(pidOf(), 'SIGKILL');
  } catch {
    return `${name} (was down)`;
  }
  return name;
}

async function edit(generation: number): Promise<void> {
  const spec = {
    groups: [
      {
        name: 'edited',
        interval: '1s',
        rules: [{ record: 'e2e:generation', expr: `vector(${generation})` }],
      },
    ],
  };
  const object = {
    apiVersion: 'promfleet.dev/v1alpha1',
    kind: 'AlertRuleSet',
    metadata: { name: 'edited', namespace: 'checkout' },
    spec,
  };
  // The API may be away at this moment, as for any user: tried again.
  await eventually('kubectl apply', async () => {
    await local.apply(object);
    return true;
  }).catch((error: Error) => {
    throw new Error(`${error.message}\n${up.output()}`);
  });
}

describe('random kills', () => {
  it(`of everything, faster than it recovers, lose nothing and double nothing (seed ${seed})`, async () => {
    const random = seededRandom(seed);
    const killed: string[] = [];
    for (let i = 1; i <= kills; i++) {
      killed.push(await killSomething(random));
      if (i % 4 === 0) await edit(i);
      await new Promise((resolve) => setTimeout(resolve, randomBelow(random, 1500)));
    }
    console.log(`killed: ${killed.join(', ')}`);
    await local.untilReady(up);
    await eventually('everything ready', async () => {
      const lists = await local.get<{ items: readonly Conditioned[] }>('mstack,ars,aroute,sil', '-A');
      return lists.items.length === 7 && lists.items.every(isReadyNow) ? true : undefined;
    });

    const pods = (await local.get<PodList>('pods', '-A')).items;
    expect(stableNames(pods)).toEqual(podsBefore);
    const address = (name: string) => pods.find((pod) => pod.metadata.name === name)?.status.podIP;
    for (const replica of [0, 1]) {
      const url = `http://${address(`main-prometheus-0-${replica}`)}:9090/api/v1/query?query=e2e:generation`;
      await eventually('the last edit', async () => {
        const answer = await getJson<{ data: { result: { value: [number, string] }[] } }>(url);
        return answer.data.result[0]?.value[1] === String(kills) ? true : undefined;
      });
    }
    const ids = await eventually('one silence in each Alertmanager', async () => {
      const lists = await Promise.all(
        [0, 1, 2].map((replica) =>
          getJson<{ id: string; status: { state: string } }[]>(
            `http://${address(`main-alertmanager-${replica}`)}:9093/api/v2/silences`,
          ),
        ),
      );
      const active = lists.map((list) => list.filter((silence) => silence.status.state === 'active'));
      return active.every((list) => list.length === 1) ? active.map((list) => list[0]?.id) : undefined;
    });
    expect(new Set(ids).size).toBe(1);
    // One process per container: nothing that was killed or taken over left a twin.
    expect(local.processes()).toHaveLength(processesBefore);
  });

  it('end with Ctrl-C and nothing left', async () => {
    up.interrupt();
    expect(await up.ended).toBe(0);
    expect(local.processes()).toEqual([]);
  });
});
