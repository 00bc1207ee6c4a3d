/** Builds docs/ as a site in dist/site. */
import { copyFileSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import handlebars from 'handlebars';
import MiniSearch from 'minisearch';
import { rolldown } from 'rolldown';
import { root } from '../bundle.ts';
import { indexOptions } from './browser/index-options.ts';
import { contentsOf, type Section } from './contents.ts';
import { documents, documentText } from './documents.ts';
import { type Page, sitePath } from './page.ts';
import { searchEntries } from './search-entries.ts';

const to = join(root, 'dist', 'site');
const layout = handlebars.compile(readFileSync(join(import.meta.dirname, 'layout.hbs'), 'utf8'), {
  strict: true,
});

/** The whole HTML of a page, with the contents at its side. */
function frame(path: string, page: Page, sections: readonly Section[]): string {
  const base = '../'.repeat(path.split('/').length - 1);
  return layout({
    title: page.title,
    base,
    html: page.html,
    headings: page.headings.filter((heading) => heading.level === 2),
    sections: sections.map((section) => ({
      title: section.title,
      entries: section.entries.map((entry) => ({
        title: entry.title,
        href: base + sitePath(entry.path),
        current: entry.path === path,
      })),
    })),
  });
}

rmSync(to, { recursive: true, force: true });
const sections = contentsOf(documentText('README.md'));
const index = new MiniSearch(indexOptions);
const pages = documents();
for (const [path, page] of pages) {
  const address = sitePath(path);
  mkdirSync(dirname(join(to, address)), { recursive: true });
  writeFileSync(join(to, address), frame(path, page, sections));
  index.addAll(searchEntries(address, page));
}
const json = JSON.stringify(JSON.stringify(index));
writeFileSync(join(to, 'search-index.js'), `window.promfleetSearchIndex = ${json};\n`);
copyFileSync(join(import.meta.dirname, 'browser', 'site.css'), join(to, 'site.css'));
const bundle = await rolldown({
  input: join(import.meta.dirname, 'browser', 'search.ts'),
  platform: 'browser',
});
await bundle.write({ file: join(to, 'search.js'), format: 'iife', minify: true });
await bundle.close();
console.log(`${pages.size} pages in ${to}`);
