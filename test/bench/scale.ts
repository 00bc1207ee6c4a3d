import { listAll } from '../../src/kube/list.ts';
import type { Measured } from './apply-to-loaded.ts';
import { type Figure, mib, ms } from './figures.ts';
import { hugeRuleSet, isLoaded, ruleSet, stackRef } from './objects.ts';
import type { BenchPlane } from './plane.ts';

export interface Fleet {
  readonly namespaces: number;
  readonly sets: number;
}

export async function createNamespaces(plane: Measured, { namespaces }: Fleet): Promise<void> {
  await inParallel(namespaces, async (n) => {
    await plane.client.create({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: `team-${n}` } });
  });
}

/** Applies the sets and waits until each one's own status says that it is loaded. */
export async function createSets(plane: Measured, fleet: Fleet): Promise<Figure[]> {
  const started = performance.now();
  await inParallel(fleet.sets, async (n) => {
    const set = ruleSet(`team-${n % fleet.namespaces}`, `rules-${n}`, (n % 8) + 1);
    await plane.client.apply(set, { fieldManager: 'bench', force: true });
  });
  const appliedMs = performance.now() - started;
  await untilAllLoaded(plane, fleet.sets);
  return [
    { what: `${fleet.sets} rule sets applied, by the API server alone`, value: ms(appliedMs), aim: '' },
    { what: `  until the status of each says loaded`, value: ms(performance.now() - started), aim: '' },
  ];
}

async function untilAllLoaded(plane: Measured, sets: number): Promise<void> {
  const endMs = performance.now() + 600_000;
  for (;;) {
    const { items } = await listAll(plane.client, {
      apiVersion: 'promfleet.dev/v1alpha1',
      kind: 'AlertRuleSet',
    });
    const loaded = items.filter(isLoaded).length;
    if (loaded >= sets) return;
    if (performance.now() > endMs)
      throw new Error(`${loaded} of ${sets} rule sets are loaded after 10 minutes`);
    await pause(1000);
  }
}

/** Starts the operator anew over unchanged objects. */
export async function measureColdStart(plane: BenchPlane, sets: number): Promise<Figure[]> {
  await untilQuiet(plane);
  const warmPeak = plane.operatorPeakBytes();
  await plane.takeLongestDelayMs();
  await plane.stopOperator();
  const started = performance.now();
  await plane.startOperator();
  const quietForMs = await untilQuiet(plane);
  const coldMs = performance.now() - started - quietForMs;
  const longest = await plane.takeLongestDelayMs();
  const writes = await plane.operatorWrites();
  const { items } = await listAll(plane.client, {
    apiVersion: 'promfleet.dev/v1alpha1',
    kind: 'AlertRuleSet',
  });
  const stale = items.filter((item) => !isLoaded(item)).length;
  if (stale > 0) throw new Error(`${stale} rule sets are not loaded after the restart`);
  return [
    { what: `operator cold start to all reconciled, ${sets} rule sets`, value: ms(coldMs), aim: '<= 30 s' },
    { what: '  writes of that start', value: String(writes), aim: '0' },
    { what: "  longest hold of the operator's main thread in it", value: ms(longest), aim: '<= 50 ms' },
    {
      what: '  peak RSS of the operator, cold start',
      value: mib(plane.operatorPeakBytes()),
      aim: '<= 300 MB',
    },
    { what: '  peak RSS of the operator, while all were applied', value: mib(warmPeak), aim: '<= 300 MB' },
  ];
}

/** What one changed object makes the operator do: writes, and time on the processor. */
export async function measureDelta(plane: BenchPlane, sets: number): Promise<Figure[]> {
  await untilQuiet(plane);
  const before = await plane.operatorMetric('promfleet_operator_writes_total');
  const cpuBefore = await cpuSeconds(plane);
  const rounds = 10;
  for (let round = 0; round < rounds; round++) {
    await plane.client.apply(ruleSet('team-1', 'rules-1', (round % 8) + 1), {
      fieldManager: 'bench',
      force: true,
    });
    await untilQuiet(plane);
  }
  const after = await plane.operatorMetric('promfleet_operator_writes_total');
  const perRound = [...after]
    .map(([labels, value]) => [labels, (value - (before.get(labels) ?? 0)) / rounds] as const)
    .filter(([, value]) => value > 0)
    .map(
      ([labels, value]) =>
        `${labels.replace(/[{}"]|verb=|kind=/g, '').replace(',', ' ')} ${value.toFixed(1)}`,
    );
  const cpuMs = (((await cpuSeconds(plane)) - cpuBefore) * 1000) / rounds;
  return [
    { what: `writes for one changed set beside ${sets}`, value: perRound.join(', '), aim: 'its delta' },
    { what: '  processor time of the operator for it', value: ms(cpuMs), aim: '' },
  ];
}

/** How long the thread that renews the Lease is held while a group of thousands of rules comes and changes. */
export async function measureHuge(plane: BenchPlane, rules: number): Promise<Figure[]> {
  await untilQuiet(plane);
  await plane.takeLongestDelayMs();
  for (const count of [rules, rules - 1]) {
    const set = hugeRuleSet('team-1', 'huge', count);
    await plane.client.apply(set, { fieldManager: 'bench', force: true });
    await untilQuiet(plane);
  }
  const longest = await plane.takeLongestDelayMs();
  await plane.client.delete({ ...stackRef, kind: 'AlertRuleSet', namespace: 'team-1', name: 'huge' });
  await untilQuiet(plane);
  return [
    {
      what: `longest hold of the operator's main thread, a group of ${rules} rules`,
      value: ms(longest),
      aim: '<= 50 ms',
    },
  ];
}

async function cpuSeconds(plane: BenchPlane): Promise<number> {
  return [...(await plane.operatorMetric('process_cpu_seconds_total')).values()][0] ?? 0;
}

/** Waits until the operator has worked on nothing for a while; returns how long that while was, in milliseconds. */
export async function untilQuiet(plane: BenchPlane): Promise<number> {
  const whileMs = 700;
  const endMs = performance.now() + 600_000;
  let last = '';
  let since = performance.now();
  while (performance.now() < endMs) {
    const isIdle = await plane.operatorIdle();
    const now = isIdle
      ? JSON.stringify([...(await plane.operatorMetric('promfleet_reconciles_total'))])
      : `busy ${performance.now()}`;
    if (now !== last) [last, since] = [now, performance.now()];
    if (isIdle && performance.now() - since > whileMs && last.includes('monitoringstack'))
      return performance.now() - since;
    await pause(50);
  }
  throw new Error('the operator does not come to rest');
}

const pause = (delayMs: number) => new Promise((resolve) => setTimeout(resolve, delayMs));

async function inParallel(count: number, work: (n: number) => Promise<void>): Promise<void> {
  let next = 0;
  await Promise.all(
    Array.from({ length: 32 }, async () => {
      while (next < count) await work(next++);
    }),
  );
}
