import { isIP } from 'node:net';
import { promqlFeatureFlags } from '../../storage-engine/promql/syntax/dialect.ts';
import type { FlagForm, FlagTable } from './extra-args.ts';
import { quantityValue } from './quantity.ts';

/**
 * Flags of promfleet's own servers that a stack runs. They are of one version with the operator, so no row needs one;
 * `src/cli/own-flags.test.ts` holds them against the commands.
 */
const own = { newest: '0', atLeast: () => true, negated: false } as const;

const form = (pattern: RegExp, say: string): FlagForm => ({
  fault: (value) => (pattern.test(value) ? undefined : say),
});

/** Whole and above 0. */
const count = form(/^0*[1-9]\d{0,14}$/, 'is no whole number above 0');
const sizePattern = /^(?=.*[1-9])\d{1,15}(?:\.\d{1,9})? ?(?:[KMG]i?B|B|)$/;
const size = form(sizePattern, 'is no size such as 512MiB');
const sizeOrNone: FlagForm = { fault: (value) => (value === '0' ? undefined : size.fault(value)) };
const header = form(/^[!#$%&'*+.^_`|~0-9A-Za-z-]{1,256}$/, 'is no name of a header');

/** An address, or a network in CIDR form. */
const network: FlagForm = {
  fault(value) {
    const [address = '', bits, ...rest] = value.split('/');
    const family = isIP(address);
    const fits = bits === undefined || (/^\d{1,3}$/.test(bits) && Number(bits) <= (family === 4 ? 32 : 128));
    return family !== 0 && fits && rest.length === 0 ? undefined : 'is no address or network';
  },
};

const resolution = form(/^(?:auto|[1-9]\d{0,6}[smhd])$/, 'is neither auto nor a duration such as 5m');

const features: FlagForm = {
  fault(value) {
    const known: readonly string[] = promqlFeatureFlags;
    const unknown = value.split(',').some((name) => name !== '' && !known.includes(name));
    return unknown ? `is no list of ${known.join(', ')}` : undefined;
  },
};

const leastMemoryBytes = 64n * 1024n * 1024n;
const memory: FlagForm = {
  fault: (value) =>
    (quantityValue(value) ?? 0n) >= leastMemoryBytes ? undefined : 'is no quantity of 64Mi or more',
};

const bySourceFlags = {
  'bucket-dir': { kind: 'text', refused: 'use objectStore' },
  'objstore-config': { kind: 'text', refused: 'use objectStore' },
  listen: { kind: 'text', refused: 'is set by the operator' },
  'replica-label': { kind: 'text', refused: 'is set by the operator' },
} as const;

const tlsFlags = {
  'tls-client': { kind: 'text', refused: 'is set by the operator' },
  'tls-dir': { kind: 'text', refused: 'is set by the operator' },
  'tls-name': { kind: 'text', refused: 'is set by the operator' },
} as const;

export const queryFlags: FlagTable = {
  ...own,
  program: "promfleet's query server",
  rows: {
    ...bySourceFlags,
    ...tlsFlags,
    'access-anonymous': { kind: 'switch', refused: 'use access.anonymous' },
    'access-basic-file': { kind: 'text', refused: 'use access.basic' },
    'access-client-ca-file': { kind: 'text', refused: 'use access.clientCa' },
    'access-proxy': { kind: 'text', refused: 'use access.proxyHeaders' },
    'access-proxy-user-header': { kind: 'text', refused: 'use access.proxyHeaders' },
    'access-tokens-for': { kind: 'text', refused: 'use access.tokens' },
    'loopback-listen': { kind: 'text', refused: 'is set by the operator' },
    'service-account-dir': { kind: 'text', refused: 'is set by the operator' },
    'cache-dir': { kind: 'text' },
    'cache-size': { kind: size },
    'enable-feature': { kind: features },
    'index-memory': { kind: size },
    'max-chunks': { kind: count },
    'max-concurrency': { kind: count },
    'max-query-memory': { kind: size },
    'max-samples': { kind: count },
    'max-series': { kind: count },
    'max-source-resolution': { kind: resolution },
    'prometheus-sd-file': { kind: 'text' },
    'prometheus-url': { kind: 'text', refused: 'is set by the operator' },
    'query-memory': { kind: size },
    'range-cache': { kind: sizeOrNone },
    'slow-query': { kind: 'duration' },
    'tenant-header': { kind: header },
    'tenant-limits': { kind: 'text' },
    'tenant-proxy': { kind: network },
    'tenant-token-file': { kind: 'text' },
  },
};

export const compactorFlags: FlagTable = {
  ...own,
  program: "promfleet's compactor",
  rows: {
    ...bySourceFlags,
    ...tlsFlags,
    'chunk-encoding': { kind: ['compatible', 'native'] },
    concurrency: { kind: count },
    'consistency-delay': { kind: 'duration' },
    'data-dir': { kind: 'text', refused: 'is set by the operator' },
    'delete-delay': { kind: 'duration' },
    'log-level': { kind: ['debug', 'info', 'warn', 'error'] },
    memory: { kind: memory },
    'no-downsampling': { kind: 'switch' },
    once: { kind: 'switch', refused: 'a compactor of a stack runs on' },
    report: { kind: 'text', refused: 'is set by the operator' },
    'retention-configmap': { kind: 'text', refused: 'use RetentionPolicy objects' },
    'service-account-dir': { kind: 'text', refused: 'is set by the operator' },
    'wait-interval': { kind: 'duration' },
  },
};
