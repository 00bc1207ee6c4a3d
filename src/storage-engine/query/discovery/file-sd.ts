import { load } from 'js-yaml';
import { CodedError } from '../../../base/errors.ts';
import { limits } from '../../../base/limits.ts';

/**
 * URLs of servers from Prometheus's file_sd format, YAML or JSON: a list of groups with `targets` (`host:port`, or a URL)
 * and `labels`, of which `__scheme__` and `__path_prefix__` mean something here. Raises `InvalidOption`.
 */
export function parseFileSd(text: string, file: string): readonly string[] {
  const fail = (reason: string) => new CodedError('InvalidOption', `${file}: ${reason}`);
  let groups: unknown;
  try {
    groups = text.trim() === '' ? [] : (load(text) ?? []);
  } catch {
    throw fail('is neither YAML nor JSON');
  }
  if (!Array.isArray(groups)) throw fail('is no list of target groups');
  const urls = new Set<string>();
  for (const group of groups as readonly (FileGroup | null)[]) {
    const targets = group?.targets;
    if (!Array.isArray(targets)) throw fail('a group has no list of targets');
    const { __scheme__: scheme = 'http', __path_prefix__: path = '' } = group?.labels ?? {};
    for (const target of targets) {
      const url = /^https?:\/\//.test(String(target)) ? String(target) : `${scheme}://${target}${path}`;
      if (typeof target !== 'string' || !URL.canParse(url) || !/^https?:$/.test(new URL(url).protocol))
        throw fail(`${JSON.stringify(target)} is no host:port`);
      urls.add(new URL(url).href);
      if (urls.size > limits.discoveredSources)
        throw fail(`holds more than ${limits.discoveredSources} targets`);
    }
  }
  return [...urls].sort();
}

interface FileGroup {
  readonly targets?: unknown;
  readonly labels?: Readonly<Record<string, string>> | null;
}
