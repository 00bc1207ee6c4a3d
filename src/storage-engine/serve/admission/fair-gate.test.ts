import { describe, expect, it } from 'vitest';
import { settle } from '../../../../test/support/virtual-clock.ts';
import { FairGate } from './fair-gate.ts';

const limits = { running: 2, runningPerTenant: 2, waiting: 10, waitingPerTenant: 6 };

function world(over: Partial<typeof limits> = {}) {
  const gate = new FairGate({ ...limits, ...over });
  const started: string[] = [];
  const ends = new Map<string, () => void>();
  const ask = (tenant: string, name: string, signal = new AbortController().signal) =>
    gate
      .run(tenant, signal, () => {
        started.push(name);
        return new Promise<string>((resolve) => ends.set(name, () => resolve(name)));
      })
      .catch((error: Error) => error.message);
  const end = async (name: string) => {
    ends.get(name)!();
    await settle();
  };
  return { gate, started, ask, end };
}

describe('the gate of queries', () => {
  it('serves the tenant with the fewest running queries first, and its queries in order', async () => {
    const { started, ask, end, gate } = world();
    for (let i = 1; i <= 5; i++) void ask('many', `m${i}`);
    void ask('one', 'o1');
    void ask('one', 'o2');
    void ask('other', 'x1');
    await settle();
    expect(started).toEqual(['m1', 'm2']);
    for (const name of ['m1', 'o1', 'x1', 'm2', 'o2', 'm3', 'm4']) await end(name);
    // o1 before x1 as it came first; then those who have none running, and those served longest ago.
    expect(started).toEqual(['m1', 'm2', 'o1', 'x1', 'o2', 'm3', 'm4', 'm5']);
    await end('m5');
    expect([gate.running, gate.waiting]).toEqual([0, 0]);
  });

  it('refuses what is more than may wait, for one tenant before others', async () => {
    const { ask } = world();
    const answers = Array.from({ length: 9 }, (_, i) => ask('many', `m${i}`));
    expect(await answers[8]).toMatch(/^6 queries of this tenant and 6 in all wait already/);
    void ask('one', 'o1');
    for (let i = 0; i < 3; i++) void ask('two', `t${i}`);
    expect(await ask('three', 'x')).toMatch(/^0 queries of this tenant and 10 in all/);
  });

  it('keeps a tenant to its own share though there is room', async () => {
    const { started, ask, end } = world({ runningPerTenant: 1 });
    void ask('a', 'a1');
    void ask('a', 'a2');
    void ask('b', 'b1');
    await settle();
    expect(started).toEqual(['a1', 'b1']);
    await end('a1');
    expect(started).toEqual(['a1', 'b1', 'a2']);
  });

  it('forgets one that leaves while it waits, and goes on after one that fails', async () => {
    const { started, ask, end, gate } = world({ running: 1 });
    const leave = new AbortController();
    void ask('a', 'a1');
    const gone = ask('a', 'a2', leave.signal);
    void ask('a', 'a3');
    leave.abort(new Error('context canceled'));
    expect(await gone).toBe('context canceled');
    await end('a1');
    expect(started).toEqual(['a1', 'a3']);
    await end('a3');
    await gate.run('a', new AbortController().signal, () => Promise.reject(new Error('no'))).catch(() => 0);
    void ask('a', 'a4');
    await settle();
    expect(started).toContain('a4');
  });
});
