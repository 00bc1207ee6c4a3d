import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { Command } from 'commander';
import { CodedError } from '../base/errors.ts';
import { limits } from '../base/limits.ts';
import { isOwnHost } from '../endpoint/own-host.ts';
import type { CliIo } from './io.ts';
import { type AccessOptions, addAccessOptions } from './query/access-options.ts';
import {
  type AdmissionFlags,
  addAdmissionOptions,
  admissionFrom,
  parseSize,
} from './query/admission-options.ts';
import { openDoor } from './query/door.ts';
import { resolutionFrom } from './query/resolution-option.ts';
import { shownFlags } from './query/shown-flags.ts';
import { addSourceOptions, openSources, type SourceOptions } from './query-sources.ts';
import { addTlsOptions, type TlsOptions } from './tls-options.ts';

export interface QueryOptions extends SourceOptions, AdmissionFlags, TlsOptions, AccessOptions {
  readonly listen: string;
  readonly loopbackListen?: string;
  readonly enableFeature: string;
  readonly rangeCache?: string;
  readonly maxSourceResolution: string;
}

export function register(program: Command, io: CliIo): void {
  const command = program
    .command('query')
    .description("serves Prometheus's query API over blocks in a bucket and live servers");
  addTlsOptions(addAccessOptions(command));
  addAdmissionOptions(
    addSourceOptions(command)
      .option('--listen <host:port>', 'where to listen', '127.0.0.1:10902')
      .option('--loopback-listen <host:port>', 'where anybody may read, on loopback')
      .option('--range-cache <size>', 'memory of the cache of range queries, 0 for none (default: 64MiB)')
      .option(
        '--max-source-resolution <resolution>',
        'coarsest samples for requests without max_source_resolution: auto, or a duration such as 5m or 1h',
        '0s',
      )
      .option('--enable-feature <flags>', "Prometheus's feature flags of PromQL, separated by commas", ''),
  ).action((options: QueryOptions) => run(options, io));
}

function rangeCacheBytes(text: string | undefined): number {
  if (text === undefined) return limits.rangeCacheBytes;
  return text === '0' ? 0 : parseSize('--range-cache', text);
}

async function run(options: QueryOptions, io: CliIo): Promise<void> {
  const main = listenAddress('--listen', options.listen);
  const loopback =
    options.loopbackListen === undefined
      ? undefined
      : listenAddress('--loopback-listen', options.loopbackListen);
  const { systemClock } = await import('../base/clock.ts');
  const { createLogger } = await import('../base/create-logger.ts');
  const { createMetricsRegistry } = await import('../base/metrics-registry.ts');
  const { featureFlags } = await import('./promql/features.ts');
  const { createQueryServers } = await import('../storage-engine/serve/server.ts');
  const dialect = featureFlags(options.enableFeature);
  const admission = await admissionFrom(options, io);
  const metrics = createMetricsRegistry({ processMetrics: true });
  const log = createLogger({ name: 'query' });
  const ending = new AbortController();
  const door = await openDoor(options, io, ending.signal);
  const sources = await openSources(options, io, { log, metrics, tls: door.client });
  const servers = createQueryServers(
    {
      federation: sources.federation,
      dialect,
      clock: systemClock,
      log,
      version: '3.14.0',
      flags: shownFlags(options),
      admission,
      maxSourceResolution: resolutionFrom(options.maxSourceResolution),
      rangeCacheBytes: rangeCacheBytes(options.rangeCache),
      metrics,
    },
    [door.door, ...(loopback === undefined ? [] : [{ guard: onlyByNumber }])],
  );
  await listen(servers[0]!, main);
  if (loopback !== undefined) await listen(servers[1]!, loopback);
  const address = servers[0]!.address() as { address: string; port: number };
  const scheme = door.door.create === undefined ? 'http' : 'https';
  io.out(`serving on ${scheme}://${address.address}:${address.port}\n`);
  if (io.signal?.aborted !== true)
    await new Promise<void>((resolve) =>
      io.signal?.addEventListener('abort', () => resolve(), { once: true }),
    );
  await Promise.all(servers.map(drain));
  ending.abort();
  await sources.close();
  await door.close();
}

function listenAddress(option: string, text: string): { readonly host: string; readonly port: number } {
  const colon = text.lastIndexOf(':');
  const port = Number(text.slice(colon + 1));
  if (colon < 1 || !Number.isInteger(port) || port < 0 || port > 65535)
    throw new CodedError('InvalidOption', `${option} ${text}: host:port is needed`);
  return { host: text.slice(0, colon), port };
}

async function listen(server: Server, { host, port }: ReturnType<typeof listenAddress>): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, host, resolve);
  });
}

/** On loopback nobody is asked who they are; a name that somebody else's DNS leads here is refused. */
async function onlyByNumber(request: IncomingMessage, response: ServerResponse): Promise<boolean> {
  if (isOwnHost(request.headers.host)) return true;
  response.writeHead(403, { 'content-type': 'text/plain; charset=utf-8' });
  response.end('this address is reached by its number or as localhost only\n');
  return false;
}

/** Takes no further requests, lets those that run end for a while, and cuts off the rest. */
async function drain(server: Server): Promise<void> {
  const closed = new Promise((resolve) => server.close(resolve));
  server.closeIdleConnections();
  const { systemClock } = await import('../base/clock.ts');
  const ended = new AbortController();
  await Promise.race([closed, systemClock.sleep(limits.queryDrainMs, ended.signal).catch(() => undefined)]);
  ended.abort('over');
  server.closeAllConnections();
  await closed;
}
