import { timingSafeEqual } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';
import { BlockList } from 'node:net';
import { CodedError } from '../../../base/errors.ts';
import { ApiError } from '../api-error.ts';

export const defaultTenant = 'default';

export interface TenancyOptions {
  /** Headers that name a tenant, the first one that is there counts. */
  readonly headers: readonly string[];
  /** Addresses, or networks in CIDR notation, whose headers are believed. */
  readonly trustedProxies: readonly string[];
  /** A bearer token whose holder is believed. */
  readonly token?: string;
}

const name = /^[a-zA-Z0-9!_.*'()-]{1,150}$/;

/** Who asks: the tenant that a trusted client names, else `default`. */
export class Tenancy {
  readonly #headers: readonly string[];
  readonly #proxies = new BlockList();
  readonly #token: string | undefined;

  /** Raises `InvalidOption` for what is no address. */
  constructor({ headers, trustedProxies, token }: TenancyOptions) {
    this.#headers = headers.map((header) => header.toLowerCase());
    this.#token = token;
    for (const proxy of trustedProxies) {
      const [address = '', prefix] = proxy.split('/');
      const family = address.includes(':') ? 'ipv6' : 'ipv4';
      try {
        if (prefix === undefined) this.#proxies.addAddress(address, family);
        else this.#proxies.addSubnet(address, Number(prefix), family);
      } catch {
        throw new CodedError('InvalidOption', `trusted proxy ${proxy} is no address and no network`);
      }
    }
  }

  /** Raises `bad_data` for a name that a trusted client gives and that is none. */
  of(headers: IncomingHttpHeaders, remoteAddress: string | undefined): string {
    const named = this.#headers.map((header) => headers[header]).find((value) => value !== undefined);
    if (named === undefined || named === '' || !this.#isTrusted(headers, remoteAddress)) return defaultTenant;
    const tenant = String(named);
    if (!name.test(tenant) || tenant === '.' || tenant === '..')
      throw new ApiError('bad_data', "the tenant is no name of up to 150 letters, digits and !-_.*'()");
    return tenant;
  }

  #isTrusted(headers: IncomingHttpHeaders, remoteAddress: string | undefined): boolean {
    if (this.#token !== undefined) {
      const [given, expected] = [headers.authorization ?? '', `Bearer ${this.#token}`].map(Buffer.from);
      if (given!.length === expected!.length && timingSafeEqual(given!, expected!)) return true;
    }
    if (remoteAddress === undefined) return false;
    const address = remoteAddress.replace(/^::ffff:(?=\d+\.)/, '');
    return this.#proxies.check(address, address.includes(':') ? 'ipv6' : 'ipv4');
  }
}
