import type { Labels } from '../promql/exec/labels.ts';
import type { SelectHints } from '../promql/exec/sample-source.ts';
import type { LabelMatcher } from '../promql/syntax/ast.ts';
import { goQuote } from '../promql/syntax/go-format.ts';
import { compileMatcher } from '../promql/syntax/matcher.ts';
import { isValidUtf8 } from '../promql/syntax/strings.ts';
import { ApiError, invalidParameter } from './api-error.ts';
import { jsonLabels, jsonMessage } from './json-text.ts';
import {
  limitParam,
  matchersParam,
  openEndMs,
  openStartMs,
  optionalTimeParam,
  type Params,
} from './params.ts';
import type { Answer } from './query-api.ts';

/** What the metadata requests ask for. */
export interface MetadataSource {
  labelNames(selectors: readonly (readonly LabelMatcher[])[], hints: SelectHints): Promise<readonly string[]>;
  labelValues(
    name: string,
    selectors: readonly (readonly LabelMatcher[])[],
    hints: SelectHints,
  ): Promise<readonly string[]>;
  series(selectors: readonly (readonly LabelMatcher[])[], hints: SelectHints): Promise<readonly Labels[]>;
  /** The same as JSON objects with commas between, where the source can write them itself. */
  seriesJson(
    selectors: readonly (readonly LabelMatcher[])[],
    hints: SelectHints,
    limit: number,
  ): Promise<{ readonly rows: Iterable<Uint8Array>; readonly cut: boolean } | undefined>;
}

export async function answerLabels(params: Params, source: MetadataSource): Promise<Answer> {
  const limit = limitParam(params);
  const hints = timeHints(params);
  const names = await source.labelNames(selectors(params, plainFault), hints);
  return limited(names.map(jsonMessage), limit);
}

export async function answerLabelValues(
  escapedName: string,
  params: Params,
  source: MetadataSource,
): Promise<Answer> {
  const name = escapedName.startsWith('U__') ? unescapeName(escapedName.slice(3)) : escapedName;
  if (name === undefined || name === '' || !isValidUtf8(name))
    throw new ApiError('bad_data', `invalid label name: ${goQuote(name ?? escapedName)}`);
  const limit = limitParam(params);
  const hints = timeHints(params);
  const values = await source.labelValues(name, selectors(params, plainFault), hints);
  return limited(values.map(jsonMessage), limit);
}

export async function answerSeries(params: Params, source: MetadataSource): Promise<Answer> {
  if (params.getAll('match[]').length === 0) throw new ApiError('bad_data', 'no match[] parameter provided');
  const limit = limitParam(params);
  const hints = timeHints(params);
  const asked = selectors(params, (reason) => invalidParameter('match[]', reason));
  const json = await source.seriesJson(asked, hints, limit > 0 ? limit : Number.POSITIVE_INFINITY);
  if (json !== undefined)
    return { data: inBrackets(json.rows), warnings: json.cut ? [truncated] : [], infos: [] };
  return limited((await source.series(asked, hints)).map(jsonLabels), limit);
}

function timeHints(params: Params): SelectHints {
  const startMs = optionalTimeParam(params, 'start', openStartMs);
  return { startMs, endMs: optionalTimeParam(params, 'end', openEndMs) };
}

const plainFault = (reason: string) => new ApiError('bad_data', reason);

/** Selectors of the request; each must have a matcher that refuses the empty value. */
function selectors(params: Params, wrap: (reason: string) => ApiError): LabelMatcher[][] {
  const all = matchersParam(params, wrap);
  for (const matchers of all) {
    if (matchers.every((matcher) => compileMatcher(matcher)('')))
      throw wrap('match[] must contain at least one non-empty matcher');
  }
  return all;
}

const truncated = 'results truncated due to limit';

function* inBrackets(rows: Iterable<Uint8Array>): Generator<Uint8Array> {
  yield Buffer.from('[');
  yield* rows;
  yield Buffer.from(']');
}

function limited(items: readonly string[], limit: number): Answer {
  const cut = limit > 0 && items.length > limit;
  return {
    data: `[${(cut ? items.slice(0, limit) : items).join(',')}]`,
    warnings: cut ? [truncated] : [],
    infos: [],
  };
}

/** Undoes Prometheus's escaping of names in paths: `__` is `_`, `_hex_` a code point; undefined where it is none. */
function unescapeName(text: string): string | undefined {
  let name = '';
  for (let at = 0; at < text.length; ) {
    if (text[at] !== '_') {
      name += text[at++];
      continue;
    }
    if (text[at + 1] === '_') {
      name += '_';
      at += 2;
      continue;
    }
    const end = text.indexOf('_', at + 1);
    const hex = text.slice(at + 1, end);
    if (end < 0 || !/^[0-9a-f]{1,6}$/i.test(hex) || Number.parseInt(hex, 16) > 0x10ffff) return undefined;
    name += String.fromCodePoint(Number.parseInt(hex, 16));
    at = end + 1;
  }
  return name;
}
