import { limits } from '../../base/limits.ts';
import type { RuleHealthFault } from '../../render/bundle/report.ts';
import { type ClientTls, httpCall, httpJson } from './http-call.ts';
import type { ChangedFiles, ManagedServer, ReloadAnswer } from './ports.ts';
import { type Canonical, type ShownGroup, type ShownRule, showsContent } from './rule-content.ts';
import { withoutValues } from './server-words.ts';

interface Group extends ShownGroup {
  readonly file: string;
  readonly rules: readonly (ShownRule & { readonly health?: string; readonly lastError?: string })[];
}

interface RulesAnswer {
  readonly data?: { readonly groups?: readonly Group[] };
}

const probeMs = 2000;

/** Prometheus by its HTTP API. `configDir` is the folder of the files as both see it. */
export class PrometheusServer implements ManagedServer {
  readonly #url: string;
  readonly #tls: ClientTls | undefined;
  readonly #configDir: string;

  constructor(options: {
    readonly url: string;
    readonly tls?: ClientTls | undefined;
    readonly configDir: string;
  }) {
    this.#url = options.url.replace(/\/+$/, '');
    this.#tls = options.tls;
    this.#configDir = options.configDir.replace(/\/+$/, '');
  }

  async state(signal: AbortSignal): Promise<'down' | 'starting' | 'ready'> {
    return await probe(`${this.#url}/-/ready`, signal, this.#tls);
  }

  async version(signal: AbortSignal): Promise<string> {
    type Answer = { data?: { version?: string } };
    const answer = await httpJson<Answer>(`${this.#url}/api/v1/status/buildinfo`, { signal, tls: this.#tls });
    return answer.data?.version ?? '';
  }

  async reload(signal: AbortSignal): Promise<ReloadAnswer> {
    const { status, body } = await httpCall('POST', `${this.#url}/-/reload`, { signal, tls: this.#tls });
    if (status === 200) return { ok: true };
    const error =
      body.trim() === ''
        ? `HTTP ${status}`
        : withoutValues(body.trim().replace(/^failed to reload config: /, ''));
    // Only a fault of the main file is named; of a rule file the answer says no more than that there is one.
    const inMainFile = error.startsWith("couldn't load configuration");
    if (inMainFile) return { ok: false, error, path: 'prometheus.yaml' };
    const silent = error.startsWith('one or more errors occurred while applying');
    return { ok: false, error: silent ? 'Prometheus refuses it; its log says why' : error };
  }

  /**
   * A rule file is confirmed by the rules that run. Whether the newest reload succeeded is what its answer said; the server
   * is asked again only about files that it does not show, as it reads all its metrics to tell (a second of its time and
   * hundreds of megabytes with 10,000 groups).
   */
  async unconfirmed(changed: ChangedFiles, signal: AbortSignal): Promise<readonly string[]> {
    const put = changed.put.filter((path) => path.startsWith('rules/'));
    const removed = changed.removed.filter((path) => path.startsWith('rules/'));
    const others = [...changed.put, ...changed.removed].filter((path) => !path.startsWith('rules/'));
    if (others.length > 0) {
      type Answer = { data?: { reloadConfigSuccess?: boolean } };
      const info = await httpJson<Answer>(`${this.#url}/api/v1/status/runtimeinfo`, {
        signal,
        tls: this.#tls,
      });
      if (info.data?.reloadConfigSuccess === false) return [...changed.put, ...changed.removed];
    }
    const wanted = new Set(put);
    const shown = new Set<string>();
    let budgetChars: number = limits.confirmedRuleChars;
    for await (const groups of this.#groups([...put, ...removed], signal)) {
      for (const [path, own] of Map.groupBy(groups, ({ file }) => file)) {
        const contents = wanted.has(path) && budgetChars > 0 ? await changed.contents(path) : undefined;
        const compared = contents !== undefined && contents.after.length <= limits.confirmedRuleFileChars;
        if (compared) budgetChars -= contents.after.length;
        if (!compared || (await showsContent(own, contents, canonicalExpressions))) shown.add(path);
      }
    }
    return [...put.filter((path) => !shown.has(path)), ...removed.filter((path) => shown.has(path))];
  }

  async ruleFaults(paths: readonly string[], signal: AbortSignal): Promise<readonly RuleHealthFault[]> {
    const faults: RuleHealthFault[] = [];
    for await (const groups of this.#groups(paths, signal)) {
      for (const { file, name, rules } of groups) {
        for (const { name: rule, health, lastError = 'evaluation fails' } of rules)
          if (health === 'err') faults.push({ path: file, group: name, rule, error: lastError });
      }
    }
    return faults;
  }

  /** Groups of these files, file names as in the bundle; those of a few files at a time, as each brings all its rules. */
  async *#groups(paths: readonly string[], signal: AbortSignal): AsyncGenerator<readonly Group[]> {
    for (let from = 0; from < paths.length; from += limits.ruleHealthFilesPerRequest) {
      const query = new URLSearchParams({ exclude_alerts: 'true' });
      for (const path of paths.slice(from, from + limits.ruleHealthFilesPerRequest)) {
        query.append('file[]', `${this.#configDir}/${path}`);
      }
      const answer = await httpJson<RulesAnswer>(`${this.#url}/api/v1/rules?${query}`, {
        signal,
        tls: this.#tls,
      });
      yield (answer.data?.groups ?? []).map((group) => ({
        ...group,
        file: group.file.slice(this.#configDir.length + 1),
      }));
    }
  }
}

/** Loaded when an expression changed that is not written as Prometheus prints it: a parser takes memory. */
async function canonicalExpressions(): Promise<Canonical> {
  const { canonicalExpression } = await import('./canonical-expression.ts');
  return canonicalExpression;
}

/** 200: ready; any other answer: it starts; none: it is down. */
export async function probe(
  url: string,
  signal: AbortSignal,
  tls: ClientTls | undefined,
): Promise<'down' | 'starting' | 'ready'> {
  try {
    const { status } = await httpCall('GET', url, { signal, timeoutMs: probeMs, tls });
    return status === 200 ? 'ready' : 'starting';
  } catch {
    return 'down';
  }
}
