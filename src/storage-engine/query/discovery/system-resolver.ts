import { lookup, resolveSrv } from 'node:dns/promises';
import type { Resolver } from './source-address.ts';

const absent: ReadonlySet<string> = new Set(['ENOTFOUND', 'ENODATA']);

async function orNone<T>(records: Promise<readonly T[]>): Promise<readonly T[]> {
  try {
    return await records;
  } catch (error) {
    if (absent.has((error as { code?: string }).code ?? '')) return [];
    throw error;
  }
}

/** The machine's own resolver, its search domains and host file included. */
export const systemResolver: Resolver = {
  async addresses(name) {
    return (await orNone(lookup(name, { all: true }))).map(({ address }) => address);
  },
  services: (name) => orNone(resolveSrv(name)),
};
