import { expect, it } from 'vitest';
import { system, type World } from '../world.ts';
import { example, loadsRule } from './quickstart.ts';

/** How long the API server is away; the machine that tests every change has less patience than a night at work. */
const outageMs = Number(process.env.PROMFLEET_OUTAGE_S ?? 60) * 1000;

export function losses(world: () => World): void {
  it('a pod', async () => {
    await world().kubectl('delete', 'pod', '-n', 'monitoring', 'main-prometheus-0-1', 'main-alertmanager-0');
    await world().everythingReady();
    await world().wholeAnswer();
  });

  it.each([
    ['main-prometheus-0-0', 'prometheus'],
    ['main-alertmanager-1', 'alertmanager'],
    ['main-prometheus-0-1', 'reloader'],
    ['main-compactor-0', 'compactor'],
  ])('a process: %s %s', async (pod, container) => {
    await killed(pod, container);
    await world().kubectl(
      'wait',
      '-n',
      'monitoring',
      '--for=condition=Ready',
      `pod/${pod}`,
      '--timeout=120s',
    );
    await world().everythingReady();
  });

  async function killed(pod: string, container: string): Promise<void> {
    const before = await world().restarts(pod, container);
    await world().cluster.killContainer('monitoring', pod, container);
    await world().until('a restart', async () => (await world().restarts(pod, container)) > before);
  }

  it('the kubelet', async () => {
    const before = await world().serverRuns();
    await world().cluster.restartKubelet();
    await world().kubectl('wait', '--for=condition=Ready', 'node', '--all', '--timeout=120s');
    await loadsRule(world(), 'cluster:after_kubelet', 1);
    expect(await world().serverRuns()).toEqual(before);
  });

  it('the operators', async () => {
    const before = await world().serverRuns();
    await world().kubectl('delete', 'pod', '-n', system, '-l', 'app.kubernetes.io/name=promfleet-operator');
    await world().kubectl('rollout', 'status', '-n', system, 'deploy/promfleet-operator', '--timeout=120s');
    await loadsRule(world(), 'cluster:after_operator', 2);
    expect(await world().serverRuns()).toEqual(before);
  });

  it('the API server for a while: alerts are evaluated, a server that restarts meanwhile has its rules', async () => {
    const before = await world().serverRuns();
    const told = (await world().notifications('CheckoutDemo')).length;
    await world().cluster.stopApiServer();
    const startedMs = Date.now();
    await world().cluster.killContainer('monitoring', 'main-prometheus-0-0', 'prometheus');
    await new Promise((resolve) => setTimeout(resolve, outageMs));
    await world().cluster.startApiServer();
    const awayS = Math.round((Date.now() - startedMs) / 1000);
    await world().wholeAnswer();
    const firing = `ALERTS{alertname="CheckoutDemo",alertstate="firing"}`;
    const { data } = await world().query(`min_over_time((count(${firing}) or vector(0))[${awayS}s:5s])`);
    expect(data.result[0]?.value[1]).toBe('1');
    expect(await world().notifications('CheckoutDemo')).toHaveLength(told);
    await loadsRule(world(), 'cluster:after_apiserver', 3);
    // The one that was killed was started again, in the pod that it had.
    const { 'main-prometheus-0-0': restarted, ...others } = await world().serverRuns();
    const { 'main-prometheus-0-0': first, ...othersBefore } = before;
    expect(others).toEqual(othersBefore);
    expect(restarted!.split(' ')[0]).toBe(first!.split(' ')[0]);
    const { data: rule } = await world().askPod<{ data: { result: unknown[] } }>(
      ...(['main-prometheus-0-0', 9090, `/api/v1/query?query=${encodeURIComponent(firing)}`] as const),
    );
    expect(rule.result).toHaveLength(1);
  });

  it('nothing of that has cost a silence or sent a muted notification', async () => {
    await world().apply(...example('31-payments'));
    await world().everythingReady();
    await world().until('PaymentsDemo to be muted', async () =>
      (await world().alertStates('main-alertmanager-0', 'PaymentsDemo')).every(
        (state) => state === 'suppressed',
      ),
    );
    expect(await world().notifications('PaymentsDemo')).toEqual([]);
  });
}
