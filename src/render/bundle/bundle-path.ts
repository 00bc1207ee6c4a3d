import { CodedError } from '../../base/errors.ts';
import { limits } from '../../base/limits.ts';

const segment = /^[A-Za-z0-9_][A-Za-z0-9._-]*$/;

/** Longest name of one file or folder on the file systems in use (NAME_MAX). */
const segmentMax = 255;

/** True for a relative path that stays below its root: plain segments, no dot files, no empty segment. */
export function isBundlePath(path: string): boolean {
  return (
    path.length <= limits.bundlePathBytes &&
    path.split('/').every((part) => part.length <= segmentMax && segment.test(part))
  );
}

/** Throws InvalidBundlePath unless `path` may be written below a configuration folder. */
export function checkBundlePath(path: string): void {
  if (isBundlePath(path)) return;
  throw new CodedError('InvalidBundlePath', `${JSON.stringify(path)} is no plain relative path`);
}
