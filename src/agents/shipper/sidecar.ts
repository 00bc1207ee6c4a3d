import type { Clock } from '../../base/clock.ts';
import { describeError } from '../../base/errors.ts';
import { limits } from '../../base/limits.ts';
import type { Logger } from '../../base/log.ts';
import { encodeShipperReport } from '../../render/bundle/shipper-report.ts';
import type { Shipper } from './shipper.ts';

/**
 * Runs a shipper inside another agent until aborted, reporting after each round. A defect of shipping never ends that
 * agent: it is logged, and shipping starts again.
 */
export async function runSidecar(
  shipper: Shipper,
  ports: { readonly report: (text: string) => void; readonly clock: Clock; readonly log: Logger },
  signal: AbortSignal,
): Promise<void> {
  while (!signal.aborted) {
    try {
      await shipper.run(signal, () => ports.report(reportText(shipper)));
    } catch (error) {
      ports.log.error({ error: describeError(error) }, 'shipping starts again after a defect');
      await ports.clock.sleep(limits.shipperRetryMaxMs, signal).catch(() => {});
    }
  }
}

function reportText({ state }: Shipper): string {
  const { waitingBlocks, heldBlocks, oldestWaitingMs, lastUploadMs, error, troubles } = state;
  return encodeShipperReport({
    waitingBlocks,
    heldBlocks,
    ...(oldestWaitingMs === undefined ? {} : { oldestWaitingMs }),
    ...(lastUploadMs === undefined ? {} : { lastUploadMs }),
    ...(error === undefined ? {} : { error }),
    troubles,
  });
}
