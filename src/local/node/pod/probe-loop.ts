import type { Clock } from '../../../base/clock.ts';
import type { Container, Probe } from '../types.ts';

/** What the probes of one running container found so far. */
export interface ProbeState {
  readonly started: boolean;
  readonly ready: boolean;
}

export interface ProbeReport {
  changed(state: ProbeState): void;
  /** Startup or liveness failed for good: the container is to be restarted. */
  unhealthy(kind: 'Startup' | 'Liveness', message: string): void;
  /** One failure, for an Event. */
  failed(kind: 'Startup' | 'Liveness' | 'Readiness', message: string): void;
}

/** While a container is not ready it is looked at this often, so that nobody waits for a long period to pass. */
const eagerPeriodMs = 500;

/**
 * Runs the probes of one container from its start to `signal`. Semantics of the Kubernetes API (Probe): readiness and
 * liveness begin once startup succeeded. Beyond it, startup and readiness are tried every half second until they first succeed;
 * only tries at the probe's own period count as failures.
 */
export async function probeLoop(
  container: Container,
  check: (probe: Probe) => Promise<string | null>,
  report: ProbeReport,
  clock: Clock,
  signal: AbortSignal,
): Promise<void> {
  try {
    if (container.startupProbe !== undefined) {
      report.changed({ started: false, ready: false });
      const failure = await until(container.startupProbe, 'Startup', check, report, clock, signal);
      if (failure !== null) return report.unhealthy('Startup', failure);
    }
    report.changed({ started: true, ready: container.readinessProbe === undefined });
    await Promise.all([
      readiness(container.readinessProbe, check, report, clock, signal),
      liveness(container.livenessProbe, check, report, clock, signal),
    ]);
  } catch (error) {
    if (!signal.aborted) throw error;
  }
}

/** Null on success; the message of the last failure when the threshold is reached. */
async function until(
  probe: Probe,
  kind: 'Startup',
  check: (probe: Probe) => Promise<string | null>,
  report: ProbeReport,
  clock: Clock,
  signal: AbortSignal,
): Promise<string | null> {
  const { periodMs, threshold } = timing(probe);
  await clock.sleep((probe.initialDelaySeconds ?? 0) * 1000, signal);
  let failures = 0;
  let countedAtMs = clock.monotonicMs();
  for (;;) {
    const failure = await check(probe);
    signal.throwIfAborted();
    if (failure === null) return null;
    if (clock.monotonicMs() - countedAtMs >= periodMs) {
      countedAtMs = clock.monotonicMs();
      failures++;
      report.failed(kind, failure);
      if (failures >= threshold) return failure;
    }
    await clock.sleep(Math.min(periodMs, eagerPeriodMs), signal);
  }
}

async function readiness(
  probe: Probe | undefined,
  check: (probe: Probe) => Promise<string | null>,
  report: ProbeReport,
  clock: Clock,
  signal: AbortSignal,
): Promise<void> {
  if (probe === undefined) return;
  const { periodMs, threshold } = timing(probe);
  const needed = probe.successThreshold ?? 1;
  await clock.sleep((probe.initialDelaySeconds ?? 0) * 1000, signal);
  let ready = false;
  let successes = 0;
  let failures = 0;
  let reportedAtMs = clock.monotonicMs();
  for (;;) {
    const failure = await check(probe);
    signal.throwIfAborted();
    if (failure === null) {
      failures = 0;
      successes++;
    } else {
      successes = 0;
      failures++;
      if (ready || clock.monotonicMs() - reportedAtMs >= periodMs) {
        reportedAtMs = clock.monotonicMs();
        report.failed('Readiness', failure);
      }
    }
    const next: boolean = ready ? failures < threshold : successes >= needed;
    if (next !== ready) {
      ready = next;
      report.changed({ started: true, ready });
    }
    await clock.sleep(ready ? periodMs : Math.min(periodMs, eagerPeriodMs), signal);
  }
}

async function liveness(
  probe: Probe | undefined,
  check: (probe: Probe) => Promise<string | null>,
  report: ProbeReport,
  clock: Clock,
  signal: AbortSignal,
): Promise<void> {
  if (probe === undefined) return;
  const { periodMs, threshold } = timing(probe);
  await clock.sleep(Math.max((probe.initialDelaySeconds ?? 0) * 1000, eagerPeriodMs), signal);
  for (let failures = 0; ; ) {
    const failure = await check(probe);
    signal.throwIfAborted();
    failures = failure === null ? 0 : failures + 1;
    if (failure !== null) {
      report.failed('Liveness', failure);
      if (failures >= threshold) return report.unhealthy('Liveness', failure);
    }
    await clock.sleep(periodMs, signal);
  }
}

function timing(probe: Probe): { periodMs: number; threshold: number } {
  return { periodMs: (probe.periodSeconds ?? 10) * 1000, threshold: probe.failureThreshold ?? 3 };
}
