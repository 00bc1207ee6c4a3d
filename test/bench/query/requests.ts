import type { BenchQuery } from './classes.ts';
import type { BenchServer } from './servers.ts';

/** Path and parameters of a query whose time ends at `endSeconds`. */
export function pathOf({ text, rangeSeconds, stepSeconds, api }: BenchQuery, endSeconds: number): string {
  if (api !== undefined) {
    const params = new URLSearchParams({
      'match[]': text,
      // More than the data set in every run: Prometheus looks at blocks, not at chunks, for the values of labels.
      start: String(endSeconds - 13 * 3600),
      end: String(endSeconds + 3600),
    });
    return `/api/v1/${api}?${params}`;
  }
  if (rangeSeconds === undefined) {
    return `/api/v1/query?${new URLSearchParams({ query: text, time: String(endSeconds) })}`;
  }
  const params = new URLSearchParams({
    query: text,
    start: String(endSeconds - rangeSeconds),
    end: String(endSeconds),
    step: String(stepSeconds),
  });
  return `/api/v1/query_range?${params}`;
}

export async function ask({ url, name }: BenchServer, path: string): Promise<{ ms: number; body: Buffer }> {
  const beganMs = performance.now();
  const response = await fetch(`${url}${path}`, { headers: { 'accept-encoding': 'identity' } });
  const body = Buffer.from(await response.arrayBuffer());
  const ms = performance.now() - beganMs;
  if (!response.ok)
    throw new Error(`${name} answered ${response.status} to ${path}: ${body.toString().slice(0, 300)}`);
  return { ms, body };
}

/**
 * Whether two answers say the same, series in any order: Prometheus gives the groups of an instant query in the order of a
 * hash map. Throws naming the first difference.
 */
export function checkEqual(path: string, ours: Buffer, theirs: Buffer): void {
  if (ours.equals(theirs)) return;
  const [a, b] = [ours, theirs].map((body) => normal(JSON.parse(body.toString())));
  if (a!.length !== b!.length) throw new Error(`${path}: ${a!.length} series, Prometheus has ${b!.length}`);
  a!.forEach((line, i) => {
    if (line !== b![i]) throw new Error(`${path}: answers differ:\n${difference(line, b![i]!)}`);
  });
}

function normal({ data }: { data: unknown }): string[] {
  const list = Array.isArray(data) ? data : (data as { result: unknown[] }).result;
  return list.map((each) => JSON.stringify(sorted(each))).sort();
}

function sorted(value: unknown): unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value;
  const record = value as Record<string, unknown>;
  return Object.fromEntries(
    Object.keys(record)
      .sort()
      .map((key) => [key, sorted(record[key])]),
  );
}

function difference(ours: string, theirs: string): string {
  let at = 0;
  while (ours[at] === theirs[at]) at++;
  const from = Math.max(0, at - 100);
  return `ours   ...${ours.slice(from, at + 60)}\ntheirs ...${theirs.slice(from, at + 60)}`;
}
