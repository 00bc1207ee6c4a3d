import type { Clock } from '../../base/clock.ts';
import { linkAbort } from '../../base/deadline.ts';
import { describeError } from '../../base/errors.ts';
import { limits } from '../../base/limits.ts';
import type { Logger } from '../../base/log.ts';
import { type DrainReport, encodeShipperReport } from '../../render/bundle/shipper-report.ts';
import { Signal } from '../reloader/signal.ts';
import type { DrainProgress } from './drain/drainer.ts';
import type { Shipper } from './shipper.ts';

/** The wish to drain, as the newest index states it. */
export class DrainWish {
  token: string | undefined;
  private readonly changed = new Signal();

  set(token: string | undefined): void {
    if (token === this.token) return;
    this.token = token;
    this.changed.raise();
  }

  wait(signal: AbortSignal): Promise<void> {
    return this.changed.wait(signal);
  }
}

/** Drains while it is wished; a wish that is taken back, or another one, ends the drain before it. */
export async function runDrains(
  wish: DrainWish,
  drain: (report: (progress: DrainProgress) => void, signal: AbortSignal) => Promise<void>,
  report: (drain: DrainReport | undefined) => void,
  signal: AbortSignal,
): Promise<void> {
  let before = false;
  while (!signal.aborted) {
    const { token } = wish;
    const ending = linkAbort(signal);
    if (token !== undefined || before)
      report(token === undefined ? undefined : { token, state: 'Stopping', detail: '' });
    before = token !== undefined;
    const running =
      token === undefined
        ? undefined
        : drain((progress) => {
            if (wish.token === token) report({ token, ...progress });
          }, ending.signal);
    await wish.wait(signal);
    ending.abort();
    await running;
  }
}

/**
 * Runs a shipper inside another agent until aborted, reporting after each round. A defect of shipping never ends that
 * agent: it is logged, and shipping starts again.
 */
export async function runSidecar(
  shipper: Shipper,
  ports: { readonly report: () => void; readonly clock: Clock; readonly log: Logger },
  signal: AbortSignal,
): Promise<void> {
  while (!signal.aborted) {
    try {
      await shipper.run(signal, ports.report);
    } catch (error) {
      ports.log.error({ error: describeError(error) }, 'shipping starts again after a defect');
      await ports.clock.sleep(limits.shipperRetryMaxMs, signal).catch(() => {});
    }
  }
}

export function reportText({ state }: Shipper, drain: DrainReport | undefined): string {
  const { waitingBlocks, heldBlocks, oldestWaitingMs, lastUploadMs, error, troubles } = state;
  return encodeShipperReport({
    ...(drain === undefined ? {} : { drain }),
    waitingBlocks,
    heldBlocks,
    ...(oldestWaitingMs === undefined ? {} : { oldestWaitingMs }),
    ...(lastUploadMs === undefined ? {} : { lastUploadMs }),
    ...(error === undefined ? {} : { error }),
    troubles,
  });
}
