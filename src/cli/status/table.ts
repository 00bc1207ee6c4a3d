/** A cell: text, and how it is painted; the width counts the text only. */
export interface Cell {
  readonly text: string;
  readonly paint?: (text: string) => string;
}

export type Row = readonly (Cell | string)[];

/** Columns aligned to the left, two spaces between; the last one is cut at `columns`, where that is known. */
export function formatTable(
  header: readonly string[],
  rows: readonly Row[],
  columns: number | undefined,
): string[] {
  const lines: readonly Row[] = [header, ...rows];
  const widths = header.map((_, column) => Math.max(...lines.map((row) => widthOf(textOf(row[column])))));
  return lines.map((row) => {
    let used = 0;
    const cells = row.map((cell, column) => {
      const last = column === row.length - 1;
      const room = last && columns !== undefined ? Math.max(8, columns - used) : Number.POSITIVE_INFINITY;
      const text = cut(textOf(cell), room);
      used += widths[column]! + 2;
      const painted = typeof cell === 'string' || cell.paint === undefined ? text : cell.paint(text);
      return last ? painted : painted + ' '.repeat(widths[column]! - widthOf(text));
    });
    return cells.join('  ').trimEnd();
  });
}

const textOf = (cell: Cell | string | undefined) =>
  cell === undefined ? '' : typeof cell === 'string' ? cell : cell.text;
const widthOf = (text: string) => [...text].length;

function cut(text: string, room: number): string {
  const chars = [...text];
  return chars.length <= room ? text : `${chars.slice(0, room - 1).join('')}…`;
}
