import type { Point } from '../../storage-engine/promql/exec/result-series.ts';
import { formatFloatGeneral } from '../../storage-engine/promql/syntax/go-format.ts';

const rows = 6;
const eighths = ' ▁▂▃▄▅▆▇█';

/**
 * A small plot of a series over time in block characters, each column the mean of its points, its scale at the left. Points
 * that are no finite number leave a gap.
 */
export function plot(points: readonly Point[], columns: number): string {
  const finite = points.flatMap(({ timestampMs, value }) =>
    typeof value === 'number' && Number.isFinite(value) ? [{ timestampMs, value }] : [],
  );
  if (finite.length === 0) return '  (no finite values)\n';
  const low = Math.min(...finite.map(({ value }) => value));
  const high = Math.max(...finite.map(({ value }) => value));
  const labels = [high, low].map((value) => formatFloatGeneral(Number(value.toPrecision(6))));
  const margin = Math.max(...labels.map((label) => label.length));
  const width = Math.max(10, Math.min(120, columns - margin - 4));
  const heights = columnMeans(finite, width).map((mean) =>
    mean === undefined ? undefined : high === low ? 0.5 : (mean - low) / (high - low),
  );
  const lines: string[] = [];
  for (let row = rows - 1; row >= 0; row--) {
    const label = row === rows - 1 ? labels[0]! : row === 0 ? labels[1]! : '';
    lines.push(
      `  ${label.padStart(margin)} ${heights.map((height) => cell(height, row)).join('')}`.trimEnd(),
    );
  }
  const first = new Date(finite[0]!.timestampMs).toISOString();
  const last = new Date(finite.at(-1)!.timestampMs).toISOString();
  lines.push(`  ${' '.repeat(margin)} ${first === last ? first : `${first} to ${last}`}`);
  return `${lines.join('\n')}\n`;
}

function columnMeans(
  points: readonly { timestampMs: number; value: number }[],
  width: number,
): (number | undefined)[] {
  const start = points[0]!.timestampMs;
  const span = Math.max(1, points.at(-1)!.timestampMs - start);
  const sums = Array.from({ length: Math.min(width, points.length) }, () => ({ sum: 0, count: 0 }));
  for (const { timestampMs, value } of points) {
    const cell = sums[Math.min(sums.length - 1, Math.floor(((timestampMs - start) / span) * sums.length))]!;
    cell.sum += value;
    cell.count++;
  }
  return sums.map(({ sum, count }) => (count === 0 ? undefined : sum / count));
}

/** How much of a row a height between 0 and 1 fills, as one of nine characters; the lowest row never stays empty. */
function cell(height: number | undefined, row: number): string {
  if (height === undefined) return ' ';
  const level = Math.round((height * rows - row) * 8);
  return eighths[Math.max(row === 0 ? 1 : 0, Math.min(8, level))]!;
}
