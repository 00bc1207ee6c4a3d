import { CodedError } from '../../base/errors.ts';
import { quantityValue } from '../../render/workload/quantity.ts';
import type { BucketPlace } from './bucket-file.ts';

/** Labels given as `name=value`. */
export function parseLabels(given: readonly string[]): Readonly<Record<string, string>> {
  const labels: Record<string, string> = {};
  for (const text of given) {
    const equals = text.indexOf('=');
    const name = text.slice(0, equals);
    if (equals < 1 || !/^[a-zA-Z_][a-zA-Z0-9_]*$/.test(name) || equals === text.length - 1)
      throw new CodedError('InvalidOption', `--label ${text}: name=value is needed`);
    labels[name] = text.slice(equals + 1);
  }
  return labels;
}

/** The bucket that one of two options names. */
export function bucketPlace(
  { objstoreConfig, bucketDir }: { readonly objstoreConfig?: string; readonly bucketDir?: string },
  absolute: (path: string) => string,
): BucketPlace {
  if ((objstoreConfig === undefined) === (bucketDir === undefined))
    throw new CodedError('InvalidOption', 'one of --objstore-config and --bucket-dir is needed');
  return objstoreConfig === undefined
    ? { bucketDir: absolute(bucketDir!) }
    : { objstoreConfig: absolute(objstoreConfig) };
}

/** Bytes per second of `--max-bytes-per-second`; undefined without a limit. */
export function rateLimit(quantity: string | undefined): number | undefined {
  if (quantity === undefined) return undefined;
  const value = Number(quantityValue(quantity) ?? 0n);
  if (value > 0) return value;
  throw new CodedError('InvalidOption', `--max-bytes-per-second ${quantity}: it is no quantity above 0`);
}
