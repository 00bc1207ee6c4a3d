import { describe, expect, it } from 'vitest';
import type { Clock } from '../../../base/clock.ts';
import type { Container } from '../types.ts';
import { probeLoop } from './probe-loop.ts';

/** Time that moves only by sleeping; all loops together see one time. */
function jumpingClock(): Clock & { readonly endAtMs: (limitMs: number) => AbortSignal } {
  let nowMs = 0;
  const waiting: { atMs: number; wake: () => void }[] = [];
  const advance = () => {
    const next = waiting.sort((a, b) => a.atMs - b.atMs).shift();
    if (next === undefined) return;
    nowMs = Math.max(nowMs, next.atMs);
    next.wake();
  };
  const clock: Clock = {
    nowMs: () => nowMs,
    monotonicMs: () => nowMs,
    sleep: (delayMs, signal) =>
      new Promise((resolve, reject) => {
        signal?.addEventListener('abort', () => reject(signal.reason), { once: true });
        waiting.push({ atMs: nowMs + delayMs, wake: resolve });
        setImmediate(advance);
      }),
  };
  return {
    ...clock,
    endAtMs(limitMs) {
      const stop = new AbortController();
      void clock.sleep(limitMs).then(() => stop.abort());
      return stop.signal;
    },
  };
}

async function watch(
  container: Partial<Container>,
  healthyAt: (nowMs: number, kind: string) => boolean,
  untilMs = 60_000,
) {
  const clock = jumpingClock();
  const seen: string[] = [];
  const names = new Map([
    [container.startupProbe, 'startup'],
    [container.readinessProbe, 'readiness'],
    [container.livenessProbe, 'liveness'],
  ]);
  const say = (text: string) => seen.push(`${clock.nowMs() / 1000} ${text}`);
  await probeLoop(
    { name: 'c', ...container },
    async (probe) => (healthyAt(clock.nowMs(), names.get(probe) ?? '') ? null : 'refused'),
    {
      changed: ({ started, ready }) =>
        say(`${started ? 'started' : 'starting'} ${ready ? 'ready' : 'unready'}`),
      unhealthy: (kind) => say(`${kind} failed for good`),
      failed: () => undefined,
    },
    clock,
    clock.endAtMs(untilMs),
  );
  return seen;
}

describe('probeLoop', () => {
  it('calls a container without probes started and ready at once', async () => {
    expect(await watch({}, () => true)).toEqual(['0 started ready']);
  });

  it('looks each half second until ready, then at its period', async () => {
    const readinessProbe = { periodSeconds: 10, failureThreshold: 1 };
    expect(await watch({ readinessProbe }, (now) => now >= 1400 && now < 15_000)).toEqual([
      '0 started unready',
      '1.5 started ready',
      '21.5 started unready',
    ]);
  });

  it('takes readiness away only after as many failures as asked', async () => {
    const readinessProbe = { periodSeconds: 5, failureThreshold: 3 };
    expect(await watch({ readinessProbe }, (now) => now < 11_000 || now > 18_000)).toEqual([
      '0 started unready',
      '0 started ready',
    ]);
  });

  it('begins liveness after startup succeeded', async () => {
    const container = {
      startupProbe: { periodSeconds: 1, failureThreshold: 30 },
      livenessProbe: { periodSeconds: 1, failureThreshold: 1 },
    };
    expect(await watch(container, (now, kind) => (kind === 'startup' ? now >= 5000 : now >= 5000))).toEqual([
      '0 starting unready',
      '5 started ready',
    ]);
  });

  it('gives up on a start after its failures at its own period', async () => {
    const startupProbe = { periodSeconds: 2, failureThreshold: 3 };
    expect(await watch({ startupProbe }, () => false)).toEqual([
      '0 starting unready',
      '6 Startup failed for good',
    ]);
  });

  it('reports a dead container once', async () => {
    const livenessProbe = { initialDelaySeconds: 5, periodSeconds: 10, failureThreshold: 3 };
    expect(await watch({ livenessProbe }, () => false)).toEqual([
      '0 started ready',
      '25 Liveness failed for good',
    ]);
  });
});
