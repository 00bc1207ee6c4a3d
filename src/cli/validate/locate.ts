import {
  type Document,
  isAlias,
  isMap,
  isPair,
  isScalar,
  isSeq,
  type Node,
  type Pair,
  type Scalar,
} from 'yaml';
import type { FieldPath } from '../../crds/fault.ts';
import { type ManifestDocument, positionOf } from './manifest-document.ts';

/** Line and column of a file, from 1; columns in code points. */
export interface FilePosition {
  readonly line: number;
  readonly column: number;
}

interface Place {
  readonly path: FieldPath;
  /** Point at the name of the field. */
  readonly inKey?: boolean;
  /** Position inside the text at `path`. */
  readonly line?: number;
  readonly column?: number;
}

/** Where in the file a place of the document stands; where a part of the path is missing, the last part that is there. */
export function locate(document: ManifestDocument, place: Place): FilePosition {
  let node: Node | null = document.tree.contents as Node | null;
  let offset = node?.range?.[0] ?? 0;
  let pair: Pair | undefined;
  for (const part of place.path) {
    const found = childOf(document.tree, node, part);
    if (found === undefined) return inFile(document, offset);
    pair = found.pair;
    node = found.node;
    offset = startOf(node) ?? keyStart(pair) ?? offset;
  }
  if (place.inKey === true || (node !== null && node.range?.[0] === node.range?.[1]))
    return inFile(document, keyStart(pair) ?? offset);
  const target = resolved(document.tree, node);
  if (place.line !== undefined && isScalar(target) && typeof target.value === 'string')
    offset = offsetInScalar(document.text, target, target.value, place.line, place.column ?? 1) ?? offset;
  return inFile(document, offset);
}

function inFile(document: ManifestDocument, offset: number): FilePosition {
  const { line, column } = positionOf(document.text, offset);
  return { line: document.firstLine + line - 1, column };
}

const startOf = (node: Node | null) => node?.range?.[0];
const keyStart = (pair: Pair | undefined) => startOf((pair?.key ?? null) as Node | null);

function resolved(tree: Document, node: Node | null): Node | null {
  return isAlias(node) ? ((node.resolve(tree) as Node | undefined) ?? null) : node;
}

function childOf(
  tree: Document,
  node: Node | null,
  part: string | number,
): { node: Node | null; pair?: Pair } | undefined {
  const parent = resolved(tree, node);
  if (isSeq(parent)) {
    const index = typeof part === 'number' ? part : indexOfNamed(tree, parent.items, part);
    const item = index === undefined ? undefined : parent.items[index];
    return item === undefined ? undefined : { node: item as Node };
  }
  if (!isMap(parent)) return undefined;
  // A later merge key loses against the map's own keys.
  const merges: Node[] = [];
  for (const pair of parent.items) {
    if (!isPair(pair)) continue;
    const key = isScalar(pair.key) ? String(pair.key.value) : String(pair.key);
    if (key === String(part)) return { node: pair.value as Node | null, pair };
    if (key === '<<' && pair.value !== null) merges.push(pair.value as Node);
  }
  for (const merge of merges) {
    const target = resolved(tree, merge);
    for (const source of isSeq(target) ? (target.items as Node[]) : [target]) {
      const found = childOf(tree, source, part);
      if (found !== undefined) return found;
    }
  }
  return undefined;
}

/** `receivers[slack]`: the item of that name. */
function indexOfNamed(tree: Document, items: readonly unknown[], name: string): number | undefined {
  const index = items.findIndex((item) => {
    const found = childOf(tree, item as Node, 'name');
    return isScalar(found?.node) && found.node.value === name;
  });
  return index < 0 ? undefined : index;
}

/**
 * Offset in the text of the document where a position inside a scalar's value stands. Styles of YAML differ from the
 * value in white space, quotes and escapes only, so the visible characters before the position are counted off.
 */
function offsetInScalar(
  text: string,
  scalar: Scalar,
  value: string,
  line: number,
  column: number,
): number | undefined {
  const range = scalar.range;
  if (range === undefined || range === null) return undefined;
  let start = range[0];
  const end = range[1];
  const style = scalar.type;
  if (style === 'BLOCK_LITERAL' || style === 'BLOCK_FOLDED') {
    const header = text.indexOf('\n', start);
    if (header < 0 || header >= end) return undefined;
    start = header + 1;
  } else if (style === 'QUOTE_DOUBLE' || style === 'QUOTE_SINGLE') start++;
  let wanted = visibleCount(valueBefore(value, line, column));
  for (const unit of sourceUnits(text.slice(start, end), style)) {
    if (unit.visible && wanted-- === 0) return start + unit.offset;
  }
  return Math.max(start, lastVisible(text, start, end, style));
}

/** The place just behind the last visible character: faults at the end of a text point there. */
function lastVisible(text: string, start: number, end: number, style: Scalar['type']): number {
  const source = text.slice(start, end).trimEnd();
  const closed = style === 'QUOTE_DOUBLE' || style === 'QUOTE_SINGLE';
  return start + source.length - (closed ? 1 : 0);
}

function valueBefore(value: string, line: number, column: number): string {
  const lines = value.split('\n');
  const current = [...(lines[line - 1] ?? '')].slice(0, column - 1).join('');
  return [...lines.slice(0, line - 1), current].join('\n');
}

const isVisible = (char: string) => !/\s/.test(char);
const visibleCount = (text: string) => [...text].filter(isVisible).length;

interface SourceUnit {
  readonly offset: number;
  /** Whether it stands for a visible character of the value. */
  readonly visible: boolean;
}

function* sourceUnits(source: string, style: Scalar['type']): Generator<SourceUnit> {
  for (let offset = 0; offset < source.length; ) {
    let length = source.codePointAt(offset)! > 0xffff ? 2 : 1;
    let visible = isVisible(source.slice(offset, offset + length));
    if (style === 'QUOTE_SINGLE' && source.startsWith("''", offset)) length = 2;
    if (style === 'QUOTE_DOUBLE' && source[offset] === '\\') {
      const sequence = escapeForm.exec(source.slice(offset, offset + 10))?.[0] ?? '\\';
      length = sequence.length;
      visible = isVisible(escaped(sequence));
    }
    yield { offset, visible };
    offset += length;
  }
}

const escapeForm = /^\\(?:x[0-9a-fA-F]{2}|u[0-9a-fA-F]{4}|U[0-9a-fA-F]{8}|\r?\n|.)/su;
const whiteEscapes = 'ntrvf _LP\n\r';

/** The character that an escape of a double-quoted scalar stands for, as far as its visibility goes. */
function escaped(sequence: string): string {
  const hex = /^\\[xuU](.+)$/.exec(sequence)?.[1];
  const point = hex === undefined ? undefined : Number.parseInt(hex, 16);
  if (point !== undefined && point <= 0x10ffff) return String.fromCodePoint(point);
  return whiteEscapes.includes(sequence[1] ?? '') ? ' ' : 'x';
}
