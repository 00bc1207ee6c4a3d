import { CodedError } from '../../../base/errors.ts';

/** Where live servers are: one by its URL, or as many as DNS tells (`dns+`: addresses of a name, `dnssrv+`: SRV records). */
export type SourceAddress =
  | { readonly kind: 'url'; readonly url: string }
  | { readonly kind: 'dns' | 'dnssrv'; readonly url: URL; readonly shown: string };

/** Reads an address as Thanos writes them, `dns+http://name:9090`, `dnssrv+http://_web._tcp.name`. Raises `InvalidOption`. */
export function parseSourceAddress(text: string): SourceAddress {
  const [, prefix] = /^(dns|dnssrv)\+/.exec(text) ?? [];
  const rest = prefix === undefined ? text : text.slice(prefix.length + 1);
  if (!URL.canParse(rest) || !/^https?:$/.test(new URL(rest).protocol))
    throw new CodedError(
      'InvalidOption',
      '--prometheus-url is not an http or https URL, nor one after dns+ or dnssrv+',
    );
  if (prefix === undefined) return { kind: 'url', url: rest };
  const url = new URL(rest);
  return { kind: prefix as 'dns' | 'dnssrv', url, shown: `${prefix}+${withoutCredentials(url)}` };
}

export function withoutCredentials(url: URL): string {
  const shown = new URL(url);
  shown.username = '';
  shown.password = '';
  return shown.href;
}

/** DNS as a port. A name without records gives none; other faults are raised. */
export interface Resolver {
  /** IP addresses of a name. */
  addresses(name: string): Promise<readonly string[]>;
  /** Targets of SRV records. */
  services(name: string): Promise<readonly { readonly name: string; readonly port: number }[]>;
}

/** The URLs that an address stands for now, each once, in order. */
export async function resolveAddress(address: SourceAddress, resolver: Resolver): Promise<readonly string[]> {
  if (address.kind === 'url') return [address.url];
  const { url, kind } = address;
  const at = (host: string, port: string) => {
    const one = new URL(url);
    one.hostname = host.includes(':') ? `[${host}]` : host;
    one.port = port;
    return one.href;
  };
  const name = url.hostname;
  const found =
    kind === 'dns'
      ? (await resolver.addresses(name)).map((host) => at(host, url.port))
      : (await resolver.services(name)).map((service) =>
          at(service.name.replace(/\.$/, ''), String(service.port)),
        );
  return [...new Set(found)].sort();
}
