import { describe, expect, it } from 'vitest';
import { VirtualClock } from '../../../test/support/virtual-clock.ts';
import { CodedError } from '../../base/errors.ts';
import { limits } from '../../base/limits.ts';
import { createMetricsRegistry } from '../../base/metrics-registry.ts';
import { SourceMonitor } from './source-monitor.ts';

const fails = async () => {
  throw new CodedError('SourceFailed', 'source a: connection refused');
};

function world() {
  const clock = new VirtualClock();
  const metrics = createMetricsRegistry();
  const monitor = new SourceMonitor(clock, metrics);
  let asked = 0;
  const ask = (work: () => Promise<unknown>) =>
    monitor
      .watch('a', () => {
        asked++;
        return work();
      })
      .catch((error: Error) => error.message);
  return { clock, metrics, monitor, ask, asked: () => asked };
}

describe('the monitor of sources', () => {
  it('asks a source that fails now and then', async () => {
    const { ask, asked, monitor } = world();
    for (let i = 0; i < 20; i++) {
      await ask(fails);
      await ask(async () => 'well');
    }
    expect(asked()).toBe(40);
    expect(monitor.recordOf('a')).toMatchObject({ answers: 20, failures: 20, failuresInARow: 0 });
  });

  it('leaves alone a source that failed in a row, longer each time, and says so by name', async () => {
    const { clock, ask, asked, monitor } = world();
    for (let i = 0; i < limits.sourceBreakerFailures; i++) await ask(fails);
    expect(await ask(fails)).toMatch(/^source a: is not asked for a moment, as it failed 5 times.*refused$/);
    expect(asked()).toBe(limits.sourceBreakerFailures);
    expect(monitor.recordOf('a').notAskedUntilMs).toBe(clock.nowMs() + limits.sourceBreakerFirstMs);
    const pauses: number[] = [];
    for (let i = 0; i < 8; i++) {
      await clock.advance(monitor.recordOf('a').notAskedUntilMs! - clock.nowMs());
      await ask(fails);
      pauses.push(monitor.recordOf('a').notAskedUntilMs! - clock.nowMs());
    }
    expect(pauses).toEqual([2000, 4000, 8000, 15000, 15000, 15000, 15000, 15000]);
    expect(asked()).toBe(limits.sourceBreakerFailures + 8);
  });

  it('lets one request find out whether the source is back; others do not wait for it', async () => {
    const { clock, ask, asked, monitor } = world();
    for (let i = 0; i < limits.sourceBreakerFailures; i++) await ask(fails);
    await clock.advance(limits.sourceBreakerFirstMs);
    let answer!: (text: string) => void;
    const probe = ask(() => new Promise<string>((resolve) => (answer = resolve)));
    expect(await ask(fails)).toMatch(/is not asked/);
    answer('back');
    expect(await probe).toBe('back');
    expect(await ask(async () => 'well')).toBe('well');
    expect(asked()).toBe(limits.sourceBreakerFailures + 2);
    expect(monitor.recordOf('a').failuresInARow).toBe(0);
  });

  it('holds nothing against a source whose query was canceled', async () => {
    const { ask, monitor } = world();
    for (let i = 0; i < 20; i++) {
      await ask(async () => {
        throw new Error('canceled');
      });
    }
    expect(monitor.recordOf('a')).toMatchObject({ failures: 0, notAskedUntilMs: undefined });
  });

  it('counts in metrics', async () => {
    const { ask, metrics } = world();
    await ask(async () => 'well');
    await ask(fails);
    const text = await metrics.render();
    expect(text).toContain('promfleet_query_source_requests_total{source="a",outcome="answered"} 1');
    expect(text).toContain('promfleet_query_source_requests_total{source="a",outcome="failed"} 1');
    expect(text).toContain('promfleet_query_source_up{source="a"} 0');
  });
});
