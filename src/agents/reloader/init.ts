import { backoffDelayMs } from '../../base/backoff.ts';
import type { Clock } from '../../base/clock.ts';
import { CodedError, describeError } from '../../base/errors.ts';
import { limits } from '../../base/limits.ts';
import type { Logger } from '../../base/log.ts';
import type { Random } from '../../base/random.ts';
import { decodeState, encodeState, quarantineOfReport } from './agent-state.ts';
import type { ConfigFolder } from './config-folder.ts';
import { type Quarantine, SlotContents } from './desired.ts';
import type { BundleSource, ReportStore } from './ports.ts';
import type { ServerKind } from './server-kind.ts';
import { stageBundle } from './stage.ts';

export interface InitPorts {
  readonly source: BundleSource;
  readonly reports: ReportStore;
  readonly folder: ConfigFolder;
  readonly kind: ServerKind;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Logger;
}

/**
 * Writes the files before the server starts. When the API stays away, the files of an earlier run serve; without any,
 * throws, so that the pod tries again. Contents that the server refused before are not written.
 */
export async function writeInitialFiles(ports: InitPorts, signal: AbortSignal): Promise<void> {
  const { folder, kind, clock, log } = ports;
  await folder.open();
  // No server runs yet: whatever starts reads what lies here.
  await folder.settled();
  const hasFiles = folder.hashes.has(kind.mainFile);
  const waitMs = hasFiles ? limits.reloaderInitWithFilesMs : limits.reloaderInitMs;
  const deadlineMs = clock.monotonicMs() + waitMs;
  for (let failures = 1; ; failures++) {
    try {
      return await writeOnce(ports, signal);
    } catch (error) {
      if (signal.aborted) throw error;
      const delayMs = backoffDelayMs(failures, { firstDelayMs: 100, maxDelayMs: 2000 }, ports.random);
      if (clock.monotonicMs() + delayMs >= deadlineMs) {
        if (!hasFiles) throw error;
        log.warn(
          { error: describeError(error) },
          'the API is away; the server starts with the files of the last run',
        );
        return;
      }
      log.info({ error: describeError(error) }, 'no files yet, trying again');
      await clock.sleep(delayMs, signal);
    }
  }
}

async function writeOnce(ports: InitPorts, signal: AbortSignal): Promise<void> {
  const { folder, kind, source } = ports;
  const text = await source.readIndex(signal);
  if (text === undefined) throw new CodedError('BundleStale', 'the index does not exist yet');
  const quarantined = await knownQuarantine(ports, signal);
  // What the server cannot do without is tried again: an old text of it may be gone with the old pod.
  const avoided = new Map(
    [...quarantined].filter(([path]) => kind.divisible(path) || folder.hashes.has(path)),
  );
  const bundle = await stageBundle(
    text,
    avoided,
    { source, folder, signal },
    { contents: new SlotContents(), silent: new Set() },
  );
  if (bundle.desired.hash(kind.mainFile) === undefined) {
    throw new CodedError('BundleStale', `the bundle has no ${kind.mainFile} yet`);
  }
  if (bundle.changes.length > 0) {
    await folder.swapIn(bundle.changes);
    await folder.commit(bundle.changes);
  }
  await folder.writeState(encodeState(bundle.quarantined));
}

async function knownQuarantine(
  ports: InitPorts,
  signal: AbortSignal,
): Promise<ReadonlyMap<string, Quarantine>> {
  try {
    const state = await ports.folder.readState();
    if (state !== undefined) return decodeState(state);
    const report = await ports.reports.read(signal);
    return report === undefined ? new Map() : quarantineOfReport(report);
  } catch (error) {
    ports.log.warn({ error: describeError(error) }, 'what was refused before is not known');
    return new Map();
  }
}
