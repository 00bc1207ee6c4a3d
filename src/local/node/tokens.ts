import type { KubeClient } from '../../kube/client.ts';
import { isNotFound } from '../../kube/errors.ts';
import { MissingReference } from './pod/environment.ts';
import type { Pod } from './types.ts';

/** What is asked for when a volume says nothing: the API's own default. */
const lifetimeSeconds = 3600;
/** A token is replaced when this part of its life has passed, as the kubelet does. */
const refreshAfter = 0.8;

interface Known {
  readonly token: string;
  readonly refreshAtMs: number;
}

/** Tokens for the service accounts of pods (TokenRequest API), each bound to its pod and kept until it grows old. */
export class PodTokens {
  readonly #client: KubeClient;
  readonly #known = new Map<string, Known>();

  constructor(client: KubeClient) {
    this.#client = client;
  }

  /** Throws MissingReference while the service account does not exist. */
  async token(pod: Pod, audience: string | undefined): Promise<string> {
    const { namespace = '', name = '', uid = '' } = pod.metadata;
    const key = `${uid} ${audience ?? ''}`;
    const nowMs = this.#client.clock.nowMs();
    const known = this.#known.get(key);
    if (known !== undefined && nowMs < known.refreshAtMs) return known.token;
    const account = pod.spec.serviceAccountName ?? 'default';
    const answer = await this.#request(namespace, account, {
      audiences: audience === undefined ? [] : [audience],
      expirationSeconds: lifetimeSeconds,
      boundObjectRef: { apiVersion: 'v1', kind: 'Pod', name, uid },
    });
    this.#known.set(key, { token: answer, refreshAtMs: nowMs + lifetimeSeconds * 1000 * refreshAfter });
    return answer;
  }

  forget(uid: string): void {
    for (const key of this.#known.keys()) if (key.startsWith(`${uid} `)) this.#known.delete(key);
  }

  async #request(namespace: string, account: string, spec: object): Promise<string> {
    try {
      const { body } = await this.#client.request({
        method: 'POST',
        path: `/api/v1/namespaces/${encodeURIComponent(namespace)}/serviceaccounts/${encodeURIComponent(account)}/token`,
        body: { apiVersion: 'authentication.k8s.io/v1', kind: 'TokenRequest', spec },
        what: `request a token of ServiceAccount ${namespace}/${account}`,
      });
      return (body as { status: { token: string } }).status.token;
    } catch (error) {
      if (isNotFound(error)) throw new MissingReference(`serviceaccount "${account}" not found`);
      throw error;
    }
  }
}
