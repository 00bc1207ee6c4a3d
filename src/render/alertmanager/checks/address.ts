/** Addresses that notifications go to: what Go's URL reader accepts, and what a team may reach. */
import { BlockList, isIP } from 'node:net';

/** What the platform allows beyond the rule; from the operator's configuration. */
export interface AddressPolicy {
  /** Hosts (names or IP addresses, lower case) that are allowed although the rule refuses them. */
  readonly allowedHosts: readonly string[];
  /** Further hosts that are refused: the addresses of the Kubernetes API server. */
  readonly refusedHosts: readonly string[];
  /** Allows every loopback address: for one machine, where everything is loopback. */
  readonly allowLoopback?: boolean;
  /** Receivers may follow HTTP redirects, to wherever these lead; from the stack. */
  readonly followRedirects?: boolean;
}

export const strictPolicy: AddressPolicy = { allowedHosts: [], refusedHosts: [] };

const loopback = new BlockList();
loopback.addSubnet('127.0.0.0', 8, 'ipv4');
loopback.addAddress('::1', 'ipv6');

const refused = new BlockList();
refused.addSubnet('0.0.0.0', 8, 'ipv4');
refused.addSubnet('169.254.0.0', 16, 'ipv4');
refused.addAddress('::', 'ipv6');
refused.addSubnet('fe80::', 10, 'ipv6');
// Where clouds serve instance credentials over IPv6.
refused.addAddress('fd00:ec2::254', 'ipv6');

// Where a further cloud serves instance credentials.
refused.addAddress('100.100.100.200', 'ipv4');

/** Names that usual host files and clouds give to loopback addresses and to their metadata servers. */
const loopbackNames = new Set(['localhost', 'localhost.localdomain', 'ip6-localhost', 'ip6-loopback']);
const metadataNames = new Set([
  'metadata',
  'metadata.google.internal',
  'instance-data',
  'instance-data.ec2.internal',
]);

const apiServerNames = /^kubernetes(\.default(\.svc(\.[a-z0-9.-]+)?)?)?$/;

/** Why a team may not reach `host`, or undefined. `host` is a name or an address, without brackets and port. */
export function hostRefusal(host: string, policy: AddressPolicy): string | undefined {
  const name = normalHost(host);
  if (policy.allowedHosts.includes(name)) return undefined;
  if (policy.refusedHosts.includes(name) || apiServerNames.test(name)) {
    return 'the Kubernetes API server is no target of notifications';
  }
  if (loopbackNames.has(name) || name.endsWith('.localhost') || inList(loopback, name)) {
    return policy.allowLoopback === true ? undefined : 'loopback addresses are refused';
  }
  if (metadataNames.has(name)) return 'metadata servers of clouds are no target of notifications';
  return inList(refused, name) ? 'link-local, unspecified and metadata addresses are refused' : undefined;
}

/** Lower case, no trailing dot, no zone, short and numeric IPv4 forms (`127.1`, `2130706433`) written out. */
function normalHost(host: string): string {
  const bare = host
    .replace(/^\[|\]$/g, '')
    .replace(/%.*$/, '')
    .replace(/\.{1,2}$/, '')
    .toLowerCase();
  if (isIP(bare) === 6) return embeddedIpv4(bare) ?? bare;
  try {
    return new URL(`http://${bare}/`).hostname;
  } catch {
    return bare;
  }
}

/**
 * The IPv4 address that an IPv6 one leads to: mapped and compatible forms (RFC 4291), translated ones (RFC 2765), NAT64's
 * well-known prefix (RFC 6052) and 6to4 (RFC 3056).
 */
function embeddedIpv4(address: string): string | undefined {
  const words = ipv6Words(address);
  const head = words.slice(0, 6).join(',');
  const at =
    ['0,0,0,0,0,65535', '0,0,0,0,65535,0', '100,65435,0,0,0,0'].includes(head) ||
    (head === '0,0,0,0,0,0' && words[6]! > 0)
      ? 6
      : words[0] === 0x2002
        ? 1
        : undefined;
  if (at === undefined) return undefined;
  const [high, low] = [words[at]!, words[at + 1]!];
  return [high >> 8, high & 255, low >> 8, low & 255].join('.');
}

/** Eight words of 16 bits. */
function ipv6Words(address: string): readonly number[] {
  const [left, right] = new URL(`http://[${address}]/`).hostname.slice(1, -1).split('::');
  const read = (part = '') =>
    part
      .split(':')
      .filter(Boolean)
      .map((word) => Number.parseInt(word, 16));
  const [before, after] = [read(left), read(right)];
  return [...before, ...Array<number>(8 - before.length - after.length).fill(0), ...after];
}

function inList(list: BlockList, name: string): boolean {
  const family = isIP(name);
  return family !== 0 && list.check(name, family === 4 ? 'ipv4' : 'ipv6');
}

export interface HttpAddress {
  readonly host: string;
}

/**
 * Reads an http or https address as strictly as Go's net/url does, and a little more. Returns what is wrong
 * without quoting the text, which may be a secret.
 */
export function readHttpAddress(text: string): HttpAddress | { readonly fault: string } {
  if (/[\x00-\x1f\x7f]/.test(text) || !text.isWellFormed()) return { fault: 'holds control characters' };
  const match = /^(https?):\/\/(?:([^/?#]*)@)?([^/?#]*)([^?#]*)(\?[^#]*)?(#.*)?$/i.exec(text);
  if (match === null) return { fault: 'must begin with http:// or https://' };
  const [, , user, authority, path, , fragment] = match;
  if (user !== undefined && !/^[A-Za-z0-9\-._:~!$&'()*+,;=%]*$/.test(user))
    return { fault: 'has an invalid user part' };
  const host = readAuthority(authority!);
  if (host === undefined) return { fault: 'has an invalid host or port' };
  if (host === '') return { fault: 'has no host' };
  for (const part of [user ?? '', path!, fragment ?? '']) {
    if (/%(?![0-9a-fA-F]{2})/.test(part)) return { fault: 'holds an invalid percent escape' };
  }
  return { host };
}

function readAuthority(authority: string): string | undefined {
  const bracketed = /^\[([0-9a-fA-F:.]+)\](:\d*)?$/.exec(authority);
  if (bracketed !== null) return isIP(bracketed[1]!) === 6 ? bracketed[1] : undefined;
  return /^((?:[A-Za-z0-9._~-]|[^\x00-\x7f])*)(?::\d*)?$/.exec(authority)?.[1];
}

/** `host:port` as a mail server's address is written. */
export function readHostPort(text: string): { readonly host: string } | undefined {
  const match = /^(?:\[([0-9a-fA-F:.%a-z]+)\]|([^\s:[\]{}]+)):(\d{1,5})$/.exec(text);
  return match === null ? undefined : { host: match[1] ?? match[2]! };
}
