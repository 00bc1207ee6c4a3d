import type { Page } from './page.ts';

/** One heading of a page with the text below it. */
export interface SearchEntry {
  readonly id: string;
  /** Title of the page. */
  readonly page: string;
  readonly heading: string;
  readonly text: string;
}

const words = (html: string) =>
  html
    .replace(/<[^>]+>/g, ' ')
    .replace(/&(lt|gt|amp|quot|#39);/g, (_, name: string) => entities[name] ?? ' ')
    .replace(/\s+/g, ' ')
    .trim();
const entities: Readonly<Record<string, string>> = { lt: '<', gt: '>', amp: '&', quot: '"', '#39': "'" };

/** Cuts a rendered page at its headings; `id` is the address of the heading in the site. */
export function searchEntries(address: string, page: Page): readonly SearchEntry[] {
  const parts = page.html.split(/(?=<h[1-6] id=")/);
  return parts.flatMap((part) => {
    const [, anchor] = /^<h[1-6] id="([^"]*)"/.exec(part) ?? [];
    const heading = page.headings.find((one) => one.anchor === anchor);
    if (heading === undefined) return [];
    const body = part.slice(part.indexOf('</h') + 5);
    return [
      { id: `${address}#${heading.anchor}`, page: page.title, heading: heading.text, text: words(body) },
    ];
  });
}
