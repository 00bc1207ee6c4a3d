import { type Document, Lexer, LineCounter, parseDocument, type Tags } from 'yaml';
import { limits } from '../../base/limits.ts';

/** One YAML document of a file: its value, and the tree that tells where each part of it stands. */
export interface ManifestDocument {
  readonly value: unknown;
  readonly tree: Document;
  /** Its text and where in the file it begins. */
  readonly text: string;
  readonly firstLine: number;
}

/** Why a document could not be read. Line and column of the file, from 1; columns in code points. */
export interface DocumentFault {
  readonly code: 'NotYaml' | 'LimitExceeded';
  readonly message: string;
  readonly line: number;
  readonly column?: number;
}

export type ParsedDocument = { readonly document: ManifestDocument } | { readonly fault: DocumentFault };

/**
 * The documents of a file, parsed one by one, so that a fault in one leaves the others. Scalars are read as kubectl
 * reads them (YAML 1.1 words such as `yes` and `on`, but no base-60 numbers and no dates). Empty documents are left out.
 */
export function* parseDocuments(text: string): Generator<ParsedDocument> {
  let count = 0;
  for (const part of splitDocuments(text)) {
    if (++count > limits.manifestDocuments) {
      const message = `more than ${limits.manifestDocuments} documents in one file`;
      yield { fault: { code: 'LimitExceeded', message, line: part.firstLine } };
      return;
    }
    const parsed = parsePart(part);
    if ('fault' in parsed || (parsed.document.value !== null && parsed.document.value !== undefined))
      yield parsed;
  }
}

interface Part {
  readonly text: string;
  readonly firstLine: number;
}

/** Cuts at `---` lines, which end a document wherever they stand (YAML 1.2, 9.1.2). */
function* splitDocuments(text: string): Generator<Part> {
  const marker = /^---(?=[ \t\r\n]|$)/gm;
  let start = 0;
  let firstLine = 1;
  for (let match = marker.exec(text); match !== null; match = marker.exec(text)) {
    const part = text.slice(start, match.index);
    yield { text: part, firstLine };
    firstLine += countNewlines(part);
    start = match.index;
  }
  yield { text: text.slice(start), firstLine };
}

function countNewlines(text: string): number {
  let count = 0;
  for (let at = text.indexOf('\n'); at >= 0; at = text.indexOf('\n', at + 1)) count++;
  return count;
}

const unwantedTags = new Set(['timestamp', 'binary', 'omap', 'pairs', 'set']);
const unwantedFormats = new Set(['TIME']);

/** Tags of YAML 1.1 without those that Go's YAML package, and so kubectl, does not know. */
function kubectlTags(tags: Tags): Tags {
  return tags.filter((tag) => {
    if (typeof tag === 'string') return !unwantedTags.has(tag);
    const format = 'format' in tag ? tag.format : undefined;
    const name = tag.tag.replace('tag:yaml.org,2002:', '');
    return !unwantedTags.has(name) && !(format !== undefined && unwantedFormats.has(format));
  });
}

function parsePart({ text, firstLine }: Part): ParsedDocument {
  const sizeBytes = Buffer.byteLength(text);
  if (sizeBytes > limits.manifestDocumentBytes) {
    const message = `the document has ${sizeBytes} bytes, an API server takes at most ${limits.manifestDocumentBytes}`;
    return { fault: { code: 'LimitExceeded', message, line: firstLine } };
  }
  const excess = excessOf(text);
  if (excess !== undefined) return { fault: { code: 'LimitExceeded', message: excess, line: firstLine } };
  const lineCounter = new LineCounter();
  try {
    const tree = parseDocument(text, {
      version: '1.1',
      customTags: kubectlTags,
      merge: true,
      stringKeys: true,
      prettyErrors: false,
      logLevel: 'silent',
      lineCounter,
    });
    const [error] = tree.errors;
    if (error !== undefined) {
      if (/call stack/.test(error.message)) throw new RangeError(error.message);
      const { line, column } = positionOf(text, error.pos[0]);
      return {
        fault: { code: 'NotYaml', message: plainMessage(error.message), line: firstLine + line - 1, column },
      };
    }
    const value: unknown = tree.toJS({ maxAliasCount: limits.manifestAliasNodes });
    return { document: { value, tree, text, firstLine } };
  } catch (error) {
    return { fault: { ...refusal(error), line: firstLine } };
  }
}

/** What would make parsing costly: looked for in the tokens, before a tree is built. */
function excessOf(text: string): string | undefined {
  let depth = 0;
  let dashes = 0;
  let aliases = 0;
  for (const token of new Lexer().lex(text)) {
    if (token === '[' || token === '{') depth++;
    else if (token === ']' || token === '}') depth--;
    else if (token === '-' || token === '?') dashes++;
    else if (token.startsWith('\n') || token.startsWith('\r')) dashes = 0;
    else if (token.startsWith('*')) aliases++;
    if (depth > limits.manifestDepth || dashes > limits.manifestDepth) return 'values are nested too deeply';
    if (aliases > limits.manifestAliases) return `more than ${limits.manifestAliases} aliases`;
  }
  return undefined;
}

function refusal(error: unknown): { code: DocumentFault['code']; message: string } {
  if (error instanceof RangeError) return { code: 'LimitExceeded', message: 'values are nested too deeply' };
  if (error instanceof ReferenceError && /alias count/.test(error.message))
    return { code: 'LimitExceeded', message: 'aliases stand for too many values' };
  if (error instanceof Error) return { code: 'NotYaml', message: plainMessage(error.message) };
  throw error;
}

function plainMessage(message: string): string {
  const line = message.split('\n')[0]!;
  return `is no valid YAML: ${line.slice(0, 300)}`;
}

/** Line and column, both from 1, of an offset into `text`; columns in code points. */
export function positionOf(text: string, offset: number): { line: number; column: number } {
  const before = text.slice(0, offset);
  const lineStart = before.lastIndexOf('\n') + 1;
  return { line: countNewlines(before) + 1, column: [...before.slice(lineStart)].length + 1 };
}
