import { systemClock } from '../../base/clock.ts';
import type { Logger } from '../../base/log.ts';
import { systemRandom } from '../../base/random.ts';
import type { Bucket } from '../../storage-engine/bucket/bucket.ts';
import { paceOf } from '../../storage-engine/bucket/pace.ts';
import type { ClientTls } from '../reloader/http-call.ts';
import { BucketFile, type BucketPlace } from './bucket-file.ts';
import { DataFolder } from './data-folder.ts';
import { externalLabelsOf } from './external-labels.ts';
import type { BlockSource } from './ship-block.ts';
import { Shipper } from './shipper.ts';

export interface ShipperSettings {
  readonly tsdbDir: string;
  readonly place: BucketPlace;
  /** External labels; undefined: those of the Prometheus at `prometheusUrl`. */
  readonly labels: Readonly<Record<string, string>> | undefined;
  readonly prometheusUrl: string | undefined;
  readonly tls?: ClientTls | undefined;
  readonly compacted: boolean;
  readonly bytesPerSecond: number | undefined;
  readonly source: BlockSource;
  readonly log: Logger;
}

/** A shipper over real files, time and bucket; `close` ends the bucket's connections. */
export function openShipper(settings: ShipperSettings): {
  readonly shipper: Shipper;
  readonly bucket: () => Promise<Bucket>;
  close(): Promise<void>;
} {
  const { labels, prometheusUrl, bytesPerSecond, log } = settings;
  const file = new BucketFile(settings.place, { clock: systemClock, random: systemRandom });
  const shipper = new Shipper(
    {
      folder: new DataFolder(settings.tsdbDir),
      bucket: () => file.bucket(),
      labels: async (signal) =>
        labels ??
        (prometheusUrl === undefined ? {} : await externalLabelsOf(prometheusUrl, signal, settings.tls)),
      clock: systemClock,
      random: systemRandom,
      log,
    },
    {
      compacted: settings.compacted,
      source: settings.source,
      pace: bytesPerSecond === undefined ? undefined : paceOf(bytesPerSecond, systemClock),
    },
  );
  return { shipper, bucket: () => file.bucket(), close: () => file.close() };
}
