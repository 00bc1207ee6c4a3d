import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Page, renderPage } from './page.ts';

const docs = join(import.meta.dirname, '..', '..', 'docs');

/** Every page of docs/ by its path there, sorted. */
export function documents(): ReadonlyMap<string, Page> {
  const paths = globSync('**/*.md', { cwd: docs }).sort();
  return new Map(
    paths.map((path) => {
      const more = path === recordsPage ? recordList(paths) : '';
      return [path, renderPage(path, documentText(path) + more)];
    }),
  );
}

const recordsPage = 'adr/README.md';

/** The page of decisions with a list of all of them: a new record needs no entry in it. */
function recordList(paths: readonly string[]): string {
  const records = paths.filter((path) => path.startsWith('adr/') && path !== recordsPage);
  const line = (path: string) =>
    `- [${/^# (.*)$/m.exec(documentText(path))?.[1] ?? path}](${path.slice('adr/'.length)})`;
  return `\n## Records\n\n${records.map(line).join('\n')}\n`;
}

/** The Markdown of docs/`path`. */
export const documentText = (path: string) => readFileSync(join(docs, path), 'utf8');
