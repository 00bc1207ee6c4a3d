import { limits } from '../../base/limits.ts';
import type { RuleHealthFault } from '../../render/bundle/report.ts';
import { httpCall, httpJson } from './http-call.ts';
import type { ManagedServer, ReloadAnswer } from './ports.ts';
import { withoutValues } from './server-words.ts';

interface Group {
  readonly file: string;
  readonly name: string;
  readonly rules: readonly {
    readonly name: string;
    readonly health?: string;
    readonly lastError?: string;
  }[];
}

interface RulesAnswer {
  readonly data?: { readonly groups?: readonly Group[] };
}

const probeMs = 2000;

/** Prometheus by its HTTP API. `configDir` is the folder of the files as both see it. */
export class PrometheusServer implements ManagedServer {
  readonly #url: string;
  readonly #configDir: string;

  constructor(options: { readonly url: string; readonly configDir: string }) {
    this.#url = options.url.replace(/\/+$/, '');
    this.#configDir = options.configDir.replace(/\/+$/, '');
  }

  async state(signal: AbortSignal): Promise<'down' | 'starting' | 'ready'> {
    return await probe(`${this.#url}/-/ready`, signal);
  }

  async version(signal: AbortSignal): Promise<string> {
    type Answer = { data?: { version?: string } };
    const answer = await httpJson<Answer>(`${this.#url}/api/v1/status/buildinfo`, { signal });
    return answer.data?.version ?? '';
  }

  async reload(signal: AbortSignal): Promise<ReloadAnswer> {
    const { status, body } = await httpCall('POST', `${this.#url}/-/reload`, { signal });
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

  async unconfirmed(
    changed: { readonly put: readonly string[]; readonly removed: readonly string[] },
    signal: AbortSignal,
  ): Promise<readonly string[]> {
    type Answer = { data?: { reloadConfigSuccess?: boolean } };
    const info = await httpJson<Answer>(`${this.#url}/api/v1/status/runtimeinfo`, { signal });
    if (info.data?.reloadConfigSuccess === false) return [...changed.put, ...changed.removed];
    const put = changed.put.filter((path) => path.startsWith('rules/'));
    const removed = changed.removed.filter((path) => path.startsWith('rules/'));
    const shown = new Set<string>();
    for await (const groups of this.#groups([...put, ...removed], signal)) {
      for (const { file } of groups) shown.add(file);
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
      const answer = await httpJson<RulesAnswer>(`${this.#url}/api/v1/rules?${query}`, { signal });
      yield (answer.data?.groups ?? []).map((group) => ({
        ...group,
        file: group.file.slice(this.#configDir.length + 1),
      }));
    }
  }
}

/** 200: ready; any other answer: it starts; none: it is down. */
export async function probe(url: string, signal: AbortSignal): Promise<'down' | 'starting' | 'ready'> {
  try {
    const { status } = await httpCall('GET', url, { signal, timeoutMs: probeMs });
    return status === 200 ? 'ready' : 'starting';
  } catch {
    return 'down';
  }
}
