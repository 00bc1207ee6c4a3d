import MarkdownIt from 'markdown-it';

/** A page of the site, by its path in docs/, for example `crds/silence.md`. */
export interface Entry {
  readonly title: string;
  readonly path: string;
}

export interface Section {
  readonly title: string;
  readonly entries: readonly Entry[];
}

/**
 * Sections and pages in reading order: each heading of the second level of docs/README.md is a section, each link to a
 * Markdown file below it a page.
 */
export function contentsOf(readme: string): readonly Section[] {
  const sections: { title: string; entries: Entry[] }[] = [];
  const tokens = new MarkdownIt().parse(readme, {});
  for (const [at, token] of tokens.entries()) {
    if (token.type === 'heading_open' && token.tag === 'h2')
      sections.push({ title: tokens[at + 1]!.content, entries: [] });
    const section = sections.at(-1);
    if (token.type !== 'inline' || section === undefined) continue;
    for (const [inner, child] of (token.children ?? []).entries()) {
      const path = String(child.attrGet('href') ?? '');
      if (child.type !== 'link_open' || !path.endsWith('.md') || path.startsWith('../')) continue;
      section.entries.push({ title: token.children![inner + 1]!.content, path });
    }
  }
  return sections;
}
