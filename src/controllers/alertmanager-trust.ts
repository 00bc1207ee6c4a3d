import { LRUCache } from 'lru-cache';
import { Agent, buildConnector, type Dispatcher } from 'undici';
import { limits } from '../base/limits.ts';

/** What the operator proves itself with to the members of one stack, and whom it expects to meet; PEM. */
export interface MemberTls {
  readonly ca: string;
  readonly cert: string;
  readonly key: string;
  readonly servername: string;
}

/** The certificates by which each Alertmanager is spoken to, by its address. */
export class AlertmanagerTrust {
  readonly #held = new LRUCache<string, MemberTls>({ max: limits.alertmanagerMembers });

  /** `url` is that of a member's web port. */
  set(url: string, tls: MemberTls): void {
    this.#held.set(new URL(url).host, tls);
  }

  /** Connections with the certificates of their moment; one by TLS to a member that is not known fails. */
  dispatcher(): Dispatcher {
    return new Agent({
      connect: (options, callback) => {
        const host =
          options.hostname.includes(':') && !options.hostname.startsWith('[')
            ? `[${options.hostname}]`
            : options.hostname;
        const tls = this.#held.get(`${host}:${options.port}`);
        return buildConnector({ ...tls })(options, callback);
      },
    });
  }
}
