import type { Command } from 'commander';
import { CodedError } from '../../base/errors.ts';
import { limits } from '../../base/limits.ts';
import type { AdmissionOptions } from '../../storage-engine/serve/admission/admission.ts';
import type { CliIo } from '../io.ts';

/** Options of `query` about who may run how much. */
export interface AdmissionFlags {
  readonly queryMemory?: string;
  readonly maxQueryMemory?: string;
  readonly maxSeries?: string;
  readonly maxChunks?: string;
  readonly maxSamples?: string;
  readonly maxConcurrency?: string;
  readonly slowQuery?: string;
  readonly tenantHeader: readonly string[];
  readonly tenantProxy: readonly string[];
  readonly tenantTokenFile?: string;
  readonly tenantLimits?: string;
}

const collect = (value: string, before: string[]) => [...before, value];

export function addAdmissionOptions(command: Command): Command {
  return command
    .option(
      '--query-memory <size>',
      'memory of all queries together, like 2GiB (default: 40% of the machine)',
    )
    .option('--max-query-memory <size>', 'memory of one query (default: half of --query-memory)')
    .option('--max-series <number>', 'series that one query may select')
    .option('--max-chunks <number>', 'chunks that one query may select')
    .option('--max-samples <number>', 'samples that one query may hold at a time (default: 50000000)')
    .option('--max-concurrency <number>', `queries that run at once (default: ${limits.queryConcurrency})`)
    .option('--slow-query <duration>', 'time from which on a query is logged (default: 10s)')
    .option(
      '--tenant-header <name>',
      'header that names the tenant (default: X-Scope-OrgID, THANOS-TENANT)',
      collect,
      [],
    )
    .option('--tenant-proxy <address>', 'address or network whose tenant headers are believed', collect, [])
    .option('--tenant-token-file <file>', 'bearer token whose holder is believed about the tenant')
    .option('--tenant-limits <file>', 'limits by tenant, in YAML');
}

const units: Readonly<Record<string, number>> = {
  '': 1,
  B: 1,
  KiB: 2 ** 10,
  MiB: 2 ** 20,
  GiB: 2 ** 30,
  KB: 1e3,
  MB: 1e6,
  GB: 1e9,
};

/** Bytes of a size like `512MiB`; raises `InvalidOption`. */
export function parseSize(flag: string, text: string): number {
  const [, number, unit] = /^(\d+(?:\.\d+)?) ?([A-Za-z]*)$/.exec(text) ?? [];
  const factor = unit === undefined ? undefined : units[unit];
  const bytes = Math.floor(Number(number) * (factor ?? Number.NaN));
  if (!Number.isSafeInteger(bytes) || bytes <= 0)
    throw new CodedError('InvalidOption', `${flag} ${text} is no size; like 512MiB or 2GiB`);
  return bytes;
}

function parseCount(flag: string, text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  if (!/^\d{1,15}$/.test(text) || Number(text) === 0)
    throw new CodedError('InvalidOption', `${flag} ${text} is no positive number`);
  return Number(text);
}

export async function admissionFrom(flags: AdmissionFlags, io: CliIo): Promise<AdmissionOptions> {
  const { defaultMemoryBytes, defaultTenantLimits } = await import(
    '../../storage-engine/serve/admission/admission.ts'
  );
  const { parseTenantLimits } = await import('../../storage-engine/serve/admission/tenant-limits.ts');
  const { parseDuration } = await import('../../storage-engine/promql/syntax/durations.ts');
  const memoryBytes =
    flags.queryMemory === undefined ? defaultMemoryBytes() : parseSize('--query-memory', flags.queryMemory);
  const concurrency = parseCount('--max-concurrency', flags.maxConcurrency) ?? limits.queryConcurrency;
  const defaults = defaultTenantLimits(memoryBytes, concurrency);
  const others = {
    ...defaults,
    maxSeries: parseCount('--max-series', flags.maxSeries) ?? defaults.maxSeries,
    maxChunks: parseCount('--max-chunks', flags.maxChunks) ?? defaults.maxChunks,
    maxSamples: parseCount('--max-samples', flags.maxSamples) ?? defaults.maxSamples,
    maxBytes:
      flags.maxQueryMemory === undefined
        ? defaults.maxBytes
        : parseSize('--max-query-memory', flags.maxQueryMemory),
  };
  const slow = flags.slowQuery === undefined ? undefined : parseDuration(flags.slowQuery);
  if (slow !== undefined && !('ms' in slow))
    throw new CodedError('InvalidOption', `--slow-query ${flags.slowQuery} is no duration`);
  const text = await readOption('--tenant-limits', flags.tenantLimits, io);
  const token = (await readOption('--tenant-token-file', flags.tenantTokenFile, io))?.trim();
  if (token === '') throw new CodedError('InvalidOption', '--tenant-token-file: the file is empty');
  return {
    memoryBytes,
    concurrency,
    slowQueryMs: slow?.ms ?? limits.slowQueryMs,
    limitsOf: text === undefined ? () => others : parseTenantLimits(text, others),
    tenancy: {
      headers: flags.tenantHeader.length > 0 ? flags.tenantHeader : ['X-Scope-OrgID', 'THANOS-TENANT'],
      trustedProxies: flags.tenantProxy,
      ...(token !== undefined && { token }),
    },
  };
}

async function readOption(flag: string, file: string | undefined, io: CliIo): Promise<string | undefined> {
  if (file === undefined) return undefined;
  const { readFile } = await import('node:fs/promises');
  const { resolve } = await import('node:path');
  const path = resolve(io.cwd, file);
  return await readFile(path, 'utf8').catch(() => {
    throw new CodedError('InvalidOption', `${flag}: ${path} cannot be read`);
  });
}
