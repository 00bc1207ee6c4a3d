import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { alertGroups } from '../../hack/install/alerts.ts';
import { contentsOf } from '../../hack/site/contents.ts';
import { documents, documentText } from '../../hack/site/documents.ts';
import { searchEntries } from '../../hack/site/search-entries.ts';
import { promfleet } from '../support/cli.ts';
import { fencesOf, pages } from '../support/fences.ts';

const root = join(import.meta.dirname, '../..');
const site = documents();
const fences = pages.flatMap(fencesOf);
const place = (fence: { page: string; line: number }) => `${fence.page}:${fence.line}`;

describe('the documentation', () => {
  it('lists every page in its contents, records of decisions in theirs', () => {
    const listed = contentsOf(documentText('README.md')).flatMap((section) =>
      section.entries.map((entry) => entry.path),
    );
    const records = new Set(site.get('adr/README.md')?.links);
    const missing = [...site.keys()].filter(
      (path) => path !== 'README.md' && !listed.includes(path) && !records.has(path),
    );
    expect(missing).toEqual([]);
  });

  it('has no link to a page, heading or file that is not there', () => {
    const broken = [...site].flatMap(([from, page]) =>
      page.links
        .filter((link) => !/^[a-z]+:/.test(link))
        .filter((link) => {
          const [path = '', anchor] = link.split('#');
          const target = site.get(path);
          if (target === undefined) return !existsSync(join(root, 'docs', path));
          return anchor !== undefined && !target.headings.some((heading) => heading.anchor === anchor);
        })
        .map((link) => `${from}: ${link}`),
    );
    expect(broken).toEqual([]);
  });

  it('says of every command in which scene it runs', () => {
    const scenes = ['checkout', 'local', 'ci', 'cluster'];
    const bare = fences.filter(
      ({ language, word }) => language === '' || (language === 'sh' && !scenes.includes(word)),
    );
    expect(bare.map(place)).toEqual([]);
  });

  it('names as steps of CI only what CI or a suite that CI runs starts', () => {
    const steps = `${readFileSync(join(root, '.ci/run'), 'utf8')}\n${readFileSync(join(root, 'Makefile'), 'utf8')}`;
    const foreign = fences
      .filter(({ language, word }) => language === 'sh' && word === 'ci')
      .flatMap((fence) => fence.text.trim().split('\n'))
      .map((line) => line.replace(/#.*$/, '').trim())
      .filter((line) => {
        const target = /^make ([a-z0-9-]+)$/.exec(line)?.[1];
        const runByHand = target === 'up' || target === 'down';
        return target === undefined || !(steps.includes(`make ${target}\n`) || runByHand);
      });
    expect(foreign).toEqual([]);
  });

  it('shows manifests that promfleet validate takes', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'promfleet-fences-'));
    try {
      for (const fence of fences)
        if (fence.language === 'yaml' && /^apiVersion: promfleet\.dev\//m.test(fence.text))
          writeFileSync(join(folder, `${place(fence).replaceAll('/', '-')}.yaml`), fence.text);
      const said = await promfleet(folder, 'validate', folder);
      expect(said).toMatchObject({ code: 0, err: '' });
      expect(said.out).toMatch(/0 errors|no fault|objects in \d+ files checked/);
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  });

  it('numbers the records of decisions, each number once', () => {
    const numbers = [...site.keys()].flatMap((path) => /^adr\/(\d{4})-/.exec(path)?.[1] ?? []);
    expect(numbers).toEqual([...new Set(numbers)]);
    expect(numbers.at(-1)).toBe(String(numbers.length).padStart(4, '0'));
  });

  it('has a runbook for every alert that promfleet ships', () => {
    const headings = new Set(site.get('runbooks.md')?.headings.map((heading) => heading.text));
    const groups = alertGroups as unknown as { rules: { alert: string }[] }[];
    const alerts = groups.flatMap((group) => group.rules.map((rule) => rule.alert));
    expect(alerts.filter((alert) => !headings.has(alert))).toEqual([]);
  });

  it('is cut at its headings for the search', () => {
    const entries = searchEntries('runbooks.html', site.get('runbooks.md')!);
    const absent = entries.find((entry) => entry.heading === 'PromfleetOperatorAbsent');
    expect(absent?.id).toBe('runbooks.html#promfleetoperatorabsent');
    expect(absent?.text).toMatch(/^Lost: changes to stacks/);
    expect(absent?.text).not.toMatch(/PromfleetTwoLeaders|<\w/);
  });
});
