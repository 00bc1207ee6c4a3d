import { CodedError } from '../../base/errors.ts';
import { parseDuration } from '../../storage-engine/promql/syntax/durations.ts';
import type { SourceResolution } from '../../storage-engine/query/resolution.ts';

/** What `--max-source-resolution` says: `auto`, or a duration. */
export function resolutionFrom(text: string): SourceResolution {
  if (text === 'auto') return 'auto';
  const parsed = parseDuration(text);
  if ('ms' in parsed) return parsed.ms;
  throw new CodedError('InvalidOption', `--max-source-resolution ${text}: auto, or a duration such as 5m`);
}
