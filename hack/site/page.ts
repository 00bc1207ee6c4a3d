import { posix } from 'node:path';
import MarkdownIt, { type Token } from 'markdown-it';

export interface Heading {
  readonly level: number;
  readonly text: string;
  readonly anchor: string;
}

export interface Page {
  readonly title: string;
  readonly html: string;
  readonly headings: readonly Heading[];
  /** Where links lead: paths relative to docs/, with anchor; outer addresses as they are. */
  readonly links: readonly string[];
}

/** Anchor of a heading, as the hosts of Git repositories make it. */
export const anchorOf = (text: string) =>
  text
    .toLowerCase()
    .replace(/[^\p{L}\p{N}\s_-]/gu, '')
    .replace(/\s/g, '-');

const isOuter = (href: string) => /^[a-z]+:/.test(href);

/** Path relative to docs/ of what a link on page `from` leads to. */
const targetOf = (from: string, href: string) =>
  href.startsWith('#') ? from + href : posix.normalize(posix.join(posix.dirname(from), href));

/** The text of an inline token without its marks. */
const plainText = (token: Token | undefined) =>
  (token?.children ?? [])
    .filter((child) => child.type === 'text' || child.type === 'code_inline')
    .map((child) => child.content)
    .join('');

/**
 * Renders the Markdown of docs/`path`. Raw HTML is shown as text. Links to other pages lead to their HTML; what lies
 * outside docs/ is no page of the site, so its path is shown instead of a link.
 */
export function renderPage(path: string, markdown: string): Page {
  const parser = new MarkdownIt({ html: false, linkify: false });
  const headings: Heading[] = [];
  const links: string[] = [];
  const tokens = parser.parse(markdown.replace(/^<!--.*-->\n/, ''), {});
  const taken = new Map<string, number>();
  for (const [at, token] of tokens.entries()) {
    if (token.type === 'heading_open') {
      const text = plainText(tokens[at + 1]);
      const before = taken.get(anchorOf(text)) ?? 0;
      taken.set(anchorOf(text), before + 1);
      const anchor = before === 0 ? anchorOf(text) : `${anchorOf(text)}-${before}`;
      token.attrSet('id', anchor);
      headings.push({ level: Number(token.tag.slice(1)), text, anchor });
    }
    for (const child of token.children ?? []) {
      if (child.type !== 'link_open') continue;
      const href = String(child.attrGet('href'));
      links.push(isOuter(href) ? href : targetOf(path, href));
      child.attrSet('href', siteHref(path, href));
      if (!isOuter(href) && targetOf(path, href).startsWith('../'))
        child.attrSet('title', `in the repository: ${targetOf(path, href).slice(3)}`);
    }
  }
  return {
    title: headings[0]?.text ?? path,
    html: parser.renderer.render(tokens, parser.options, {}),
    headings,
    links,
  };
}

/** The address in the site of what `href` on page `path` names. */
function siteHref(path: string, href: string): string {
  if (isOuter(href) || href.startsWith('#')) return href;
  const target = targetOf(path, href);
  if (target.startsWith('../')) return '#';
  return href.replace(/(^|\/)README\.md(?=#|$)/, '$1index.md').replace(/\.md(?=#|$)/, '.html');
}

/** Path of a page in the site: `README.md` is the index of its folder. */
export const sitePath = (path: string) => siteHref('README.md', path);
