import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

const root = join(import.meta.dirname, '..', '..');

/** A fenced block of a page: its language, the word behind it, and its text. */
export interface Fence {
  /** Path of the page in the project. */
  readonly page: string;
  /** Line of its first text, counted from 1. */
  readonly line: number;
  readonly language: string;
  /** For `sh` the scene in which it runs, for `yaml` the name of the file that a reader saves it as. */
  readonly word: string;
  readonly text: string;
}

/** Pages for readers: README, docs/ and the examples. */
export const pages: readonly string[] = globSync(['README.md', 'docs/**/*.md', 'examples/**/*.md'], {
  cwd: root,
}).sort();

/** Fences of one page, in order. Only fences at the start of a line count. */
export function fencesOf(page: string): readonly Fence[] {
  const fences: Fence[] = [];
  let open: { line: number; info: string; lines: string[] } | undefined;
  for (const [at, line] of readFileSync(join(root, page), 'utf8').split('\n').entries()) {
    const mark = /^```(.*)$/.exec(line);
    if (mark === null) open?.lines.push(line);
    else if (open === undefined) open = { line: at + 2, info: mark[1]!.trim(), lines: [] };
    else {
      const [language = '', word = ''] = open.info.split(/\s+/);
      fences.push({ page, line: open.line, language, word, text: `${open.lines.join('\n')}\n` });
      open = undefined;
    }
  }
  return fences;
}
