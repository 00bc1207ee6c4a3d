import type { RuleHealthFault } from '../../render/bundle/report.ts';
import { type ClientTls, httpCall, httpJson } from './http-call.ts';
import type { ManagedServer, ReloadAnswer } from './ports.ts';
import { probe } from './prometheus-server.ts';
import { withoutValues } from './server-words.ts';

interface StatusAnswer {
  readonly versionInfo?: { readonly version?: string };
  readonly config?: { readonly original?: string };
}

/** Alertmanager by its HTTP API. */
export class AlertmanagerServer implements ManagedServer {
  readonly #url: string;
  readonly #tls: ClientTls | undefined;

  constructor(options: { readonly url: string; readonly tls?: ClientTls | undefined }) {
    this.#url = options.url.replace(/\/+$/, '');
    this.#tls = options.tls;
  }

  async state(signal: AbortSignal): Promise<'down' | 'starting' | 'ready'> {
    return await probe(`${this.#url}/-/ready`, signal, this.#tls);
  }

  async version(signal: AbortSignal): Promise<string> {
    return (await this.#status(signal)).versionInfo?.version ?? '';
  }

  async reload(signal: AbortSignal): Promise<ReloadAnswer> {
    const { status, body } = await httpCall('POST', `${this.#url}/-/reload`, { signal, tls: this.#tls });
    if (status === 200) return { ok: true };
    const error =
      body.trim() === ''
        ? `HTTP ${status}`
        : withoutValues(body.trim().replace(/^failed to reload config: /, ''));
    return { ok: false, error };
  }

  /** The answer to the reload is already the outcome; the status must show a configuration, and the metric a success. */
  async unconfirmed(
    changed: { readonly put: readonly string[]; readonly removed: readonly string[] },
    signal: AbortSignal,
  ): Promise<readonly string[]> {
    const all = [...changed.put, ...changed.removed];
    const { config } = await this.#status(signal);
    if (config?.original === undefined || config.original === '') return all;
    const { body } = await httpCall('GET', `${this.#url}/metrics`, { signal, tls: this.#tls });
    return /^alertmanager_config_last_reload_successful 1$/m.test(body) ? [] : all;
  }

  async ruleFaults(): Promise<readonly RuleHealthFault[]> {
    return [];
  }

  #status(signal: AbortSignal): Promise<StatusAnswer> {
    return httpJson<StatusAnswer>(`${this.#url}/api/v2/status`, { signal, tls: this.#tls });
  }
}
