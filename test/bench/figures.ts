/** One line of the table. */
export interface Figure {
  readonly what: string;
  readonly value: string;
  readonly aim: string;
}

/** The q-quantile (0..1) of the samples by the nearest-rank method. */
export function quantile(samples: readonly number[], q: number): number {
  const sorted = [...samples].sort((a, b) => a - b);
  return sorted[Math.max(0, Math.ceil(q * sorted.length) - 1)] ?? Number.NaN;
}

export const ms = (value: number): string =>
  value < 10_000 ? `${Math.round(value)} ms` : `${(value / 1000).toFixed(1)} s`;
export const mib = (bytes: number): string => `${Math.round(bytes / 1024 / 1024)} MiB`;

export function tableText(figures: readonly Figure[]): string {
  const rows = [{ what: 'figure', value: 'measured', aim: 'aim' }, ...figures];
  const width = (key: keyof Figure) => Math.max(...rows.map((row) => row[key].length));
  const line = (row: Figure) =>
    `| ${row.what.padEnd(width('what'))} | ${row.value.padStart(width('value'))} | ${row.aim.padEnd(width('aim'))} |`;
  const rule = `|${(['what', 'value', 'aim'] as const).map((key) => '-'.repeat(width(key) + 2)).join('|')}|`;
  return [line(rows[0]!), rule, ...rows.slice(1).map(line)].join('\n');
}
