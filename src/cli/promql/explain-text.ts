import type { Explanation, PlanNode } from '../../storage-engine/serve/explain-api.ts';

/** An explained query as an indented tree: of each selector what it would read, source by source. */
export function explainText({ plan, totals, steps, resultType }: Explanation): string {
  const lines = [`${resultType}, ${steps === 1 ? 'one step' : `${steps} steps`}`];
  const visit = (node: PlanNode, depth: number) => {
    const indent = '  '.repeat(depth);
    const notes = `${node.once === true ? ' (once)' : ''}${node.kernel === true ? ' (kernel)' : ''}`;
    lines.push(`${indent}${node.text}${notes}`);
    const { selection } = node;
    if (selection !== undefined) {
      const [from, to] = [selection.start, selection.end].map((at) => new Date(at * 1000).toISOString());
      lines.push(`${indent}  reads ${from} to ${to}`);
      for (const { source, path, series, atLeast, ...numbers } of selection.sources) {
        const more = Object.entries(numbers).map(([name, value]) => `${value} ${units[name] ?? name}`);
        const count = `${atLeast === true ? 'at least ' : ''}${series} series`;
        lines.push(`${indent}    ${[`${source}: ${path}`, count, ...more].join(', ')}`);
      }
    }
    for (const child of node.children ?? []) visit(child, depth + 1);
  };
  visit(plan, 0);
  lines.push(`in all ${totals.series} series, ${totals.chunks} chunks, ${totals.sizeBytes} bytes in chunks`);
  return `${lines.join('\n')}\n`;
}

const units: Readonly<Record<string, string>> = {
  blocks: 'blocks',
  chunks: 'chunks',
  sizeBytes: 'bytes',
  maxSamples: 'samples at most',
};
