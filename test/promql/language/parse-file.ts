import { type DescribedValue, expandItem } from '../../../src/storage-engine/promql/exec/described-series.ts';
import { Labels } from '../../../src/storage-engine/promql/exec/labels.ts';
import { parseDuration } from '../../../src/storage-engine/promql/syntax/durations.ts';
import { parseSeriesDescription } from '../../../src/storage-engine/promql/syntax/series-description.ts';
import { unquote } from '../../../src/storage-engine/promql/syntax/strings.ts';

/** Commands of Prometheus's test language (package promqltest). */
export type Command = ClearCommand | LoadCommand | EvalCommand;

export interface ClearCommand {
  readonly kind: 'clear';
}

export interface LoadedSeries {
  readonly labels: Labels;
  readonly values: readonly DescribedValue[];
  /** Start timestamps relative to each sample, in ms. */
  readonly starts?: readonly (number | undefined)[];
}

export interface LoadCommand {
  readonly kind: 'load';
  readonly stepMs: number;
  readonly withNhcb: boolean;
  readonly series: readonly LoadedSeries[];
}

/** A text that must be equal, or a pattern that must match. */
export type Expectation = { readonly text: string } | { readonly pattern: RegExp };

export interface ExpectedSeries {
  readonly position: number;
  readonly labels: Labels;
  readonly values: readonly DescribedValue[];
}

export interface EvalCommand {
  readonly kind: 'eval';
  readonly line: number;
  readonly query: string;
  readonly isRange: boolean;
  readonly startMs: number;
  readonly endMs: number;
  readonly stepMs: number;
  /** Expected values are at these times, when given. */
  readonly expectedTimes?: { readonly startMs: number; readonly endMs: number; readonly stepMs: number };
  readonly ordered: boolean;
  readonly fail: boolean;
  readonly failures: readonly Expectation[];
  readonly warnings: readonly Expectation[];
  readonly infos: readonly Expectation[];
  readonly noWarnings: boolean;
  readonly noInfos: boolean;
  readonly needsWarning: boolean;
  readonly needsInfo: boolean;
  readonly expectedScalar?: number;
  readonly expectedText?: string;
  readonly expectedSeries: ReadonlyMap<string, ExpectedSeries>;
}

const evalInstant = /^eval(?:_(fail|warn|ordered|info))?\s+instant\s+(?:at\s+(.+?))?\s+(.+)$/;
const evalRange = /^eval(?:_(fail|warn|info))?\s+range\s+from\s+(.+)\s+to\s+(.+)\s+step\s+(.+?)\s+(.+)$/;
const expectLine = /^expect\s+(ordered|fail|warn|no_warn|info|no_info)(?:\s+(regex|msg):(.+))?$/;
const expectRange = /^expect range vector\s+from\s+(.+)\s+to\s+(.+)\s+step\s+(.+)$/;

/** The commands of a file; throws with the line of the first fault. */
export function parseTestFile(content: string): Command[] {
  const lines = content.split('\n').map((line) => {
    const trimmed = line.trim();
    return trimmed.startsWith('#') ? '' : trimmed;
  });
  const commands: Command[] = [];
  for (let at = 0; at < lines.length; ) {
    const line = lines[at]!;
    let end = at + 1;
    if (line !== '') {
      const word = line.split(/[\t ]+/)[0]!.toLowerCase();
      if (word === 'clear') commands.push({ kind: 'clear' });
      else if (word.startsWith('load') || word.startsWith('eval')) {
        while (end < lines.length && lines[end] !== '') end++;
        try {
          const body = lines.slice(at + 1, end);
          if (word.startsWith('load')) commands.push(parseLoad(line, body));
          else {
            const { command, used } = parseEval(line, body, at + 1);
            commands.push(command);
            end = at + 1 + used;
          }
        } catch (error) {
          throw new Error(`line ${at + 1}: ${error instanceof Error ? error.message : error}`, {
            cause: error,
          });
        }
      } else throw new Error(`line ${at + 1}: invalid command ${JSON.stringify(line)}`);
    }
    at = end;
  }
  return commands;
}

function durationMs(text: string): number {
  const duration = parseDuration(text);
  if ('reason' in duration) throw new Error(`invalid duration ${JSON.stringify(text)}: ${duration.reason}`);
  return duration.ms;
}

function parseSeries(line: string): { labels: Labels; values: DescribedValue[] } {
  const { labels, values } = parseSeriesDescription(line);
  return { labels: Labels.from(labels), values: values.flatMap((item) => [...expandItem(item)]) };
}

function parseLoad(head: string, body: readonly string[]): LoadCommand {
  const match = /^load(_with_nhcb)?\s+(.+)$/.exec(head);
  if (match === null) throw new Error('invalid load command');
  const series: LoadedSeries[] = [];
  let starts: (number | undefined)[] | undefined;
  for (const line of body) {
    const startLine = /^(\S+)@st[\t ]+(.*)$/.exec(line);
    if (startLine !== null) {
      starts = startLine[2]!.trim().split(/\s+/).flatMap(parseStarts);
      continue;
    }
    series.push({ ...parseSeries(line), ...(starts !== undefined && { starts }) });
    starts = undefined;
  }
  return { kind: 'load', stepMs: durationMs(match[2]!), withNhcb: match[1] !== undefined, series };
}

/** `_`, `_x3`, `-1m`, `-1mx3`, `-1m+30sx3`. */
function parseStarts(item: string): (number | undefined)[] {
  const omitted = /^_(?:x(\d+))?$/.exec(item);
  if (omitted !== null) return Array.from({ length: Number(omitted[1] ?? 1) }, () => undefined);
  const match = /^([+-]?)(\d+[a-wyz]*)(?:([+-])(\d+[a-wyz]*))?(?:x(\d+))?$/i.exec(item);
  if (match === null) throw new Error(`invalid start timestamp ${JSON.stringify(item)}`);
  const [, sign, base, stepSign, step, times] = match;
  const first = durationMs(base!) * (sign === '-' ? -1 : 1);
  const increment = step === undefined ? 0 : durationMs(step) * (stepSign === '-' ? -1 : 1);
  const count = times === undefined ? 1 : Number(times) + 1;
  return Array.from({ length: count }, (_, i) => first + i * increment);
}

interface EvalParts {
  ordered: boolean;
  fail: boolean;
  failures: Expectation[];
  warnings: Expectation[];
  infos: Expectation[];
  noWarnings: boolean;
  noInfos: boolean;
  expectedSeries: Map<string, ExpectedSeries>;
  expectedScalar?: number;
  expectedText?: string;
  expectedTimes?: { startMs: number; endMs: number; stepMs: number };
}

/** Parses an evaluation; `used` lines of the body belong to it. */
function parseEval(
  head: string,
  body: readonly string[],
  line: number,
): { command: EvalCommand; used: number } {
  const instant = evalInstant.exec(head);
  const range = evalRange.exec(head);
  if (instant === null && range === null) throw new Error('invalid evaluation command');
  const modifier = (instant ?? range)![1];
  const parts: EvalParts = {
    ordered: modifier === 'ordered',
    fail: modifier === 'fail',
    failures: [],
    warnings: [],
    infos: [],
    noWarnings: false,
    noInfos: false,
    expectedSeries: new Map(),
  };
  const used = parseExpectations(body, parts);
  const common = {
    ...parts,
    kind: 'eval',
    line,
    needsWarning: modifier === 'warn',
    needsInfo: modifier === 'info',
  } as const;
  if (instant !== null) {
    const timeMs = durationMs(instant[2] ?? '0');
    return {
      command: { ...common, query: instant[3]!, isRange: false, startMs: timeMs, endMs: timeMs, stepMs: 0 },
      used,
    };
  }
  const [startMs, endMs, stepMs] = range!.slice(2, 5).map((text) => durationMs(text!)) as [
    number,
    number,
    number,
  ];
  return { command: { ...common, query: range![5]!, isRange: true, startMs, endMs, stepMs }, used };
}

function parseExpectations(body: readonly string[], parts: EvalParts): number {
  let position = 0;
  for (const [index, line] of body.entries()) {
    const failText = /^expected_fail_(message|regexp)(.*)$/.exec(line);
    if (parts.fail && failText !== null) {
      const text = failText[2]!.trim();
      parts.failures.push(failText[1] === 'message' ? { text } : { pattern: new RegExp(text) });
      return index + 1;
    }
    const range = expectRange.exec(line);
    if (range !== null) {
      const [startMs, endMs, stepMs] = range.slice(1).map((text) => durationMs(text!)) as [
        number,
        number,
        number,
      ];
      parts.expectedTimes = { startMs, endMs, stepMs };
      continue;
    }
    if (line.startsWith('expect string ')) {
      parts.expectedText = unquote(line.slice('expect string '.length)) ?? '';
      continue;
    }
    if (line.startsWith('expect ')) {
      parseExpect(line, parts);
      continue;
    }
    const number = plainNumber(line);
    if (number !== undefined) {
      parts.expectedScalar = number;
      return index + 1;
    }
    const series = parseSeries(line);
    position++;
    parts.expectedSeries.set(series.labels.key, { position, ...series });
  }
  return body.length;
}

function parseExpect(line: string, parts: EvalParts): void {
  const match = expectLine.exec(line);
  if (match === null) throw new Error(`invalid expect statement ${JSON.stringify(line)}`);
  const [, what, how, rest] = match;
  const text = (rest ?? '').trim();
  const expectation = how === 'msg' ? { text } : { pattern: how === 'regex' ? new RegExp(text) : /^/ };
  if (what === 'ordered') parts.ordered = true;
  else if (what === 'no_warn') parts.noWarnings = true;
  else if (what === 'no_info') parts.noInfos = true;
  else if (what === 'warn') parts.warnings.push(expectation);
  else if (what === 'info') parts.infos.push(expectation);
  else {
    parts.fail = true;
    parts.failures.push(expectation);
  }
}

function plainNumber(line: string): number | undefined {
  if (/^[+-]?inf$/i.test(line)) return line.startsWith('-') ? -Infinity : Infinity;
  if (/^nan$/i.test(line)) return NaN;
  return /^[+-]?(?:0x[0-9a-f]+|\d[\d_]*\.?\d*(?:e[+-]?\d+)?|\.\d+(?:e[+-]?\d+)?)$/i.test(line)
    ? Number(line.replaceAll('_', ''))
    : undefined;
}
