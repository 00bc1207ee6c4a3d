import type { RequestListener, ServerOptions } from 'node:http';
import type { Server as TlsServer } from 'node:https';
import { CodedError } from '../../base/errors.ts';
import type { SourceTls } from '../../storage-engine/query/live-client.ts';
import type { QueryDoor } from '../../storage-engine/serve/server.ts';
import type { CliIo } from '../io.ts';
import { type TlsOptions, tlsOf } from '../tls-options.ts';
import { type AccessOptions, accessRules, asksWho } from './access-options.ts';

export interface OpenDoor {
  readonly door: QueryDoor;
  /** By which live servers are asked; absent: without certificates. */
  readonly client: SourceTls | undefined;
  close(): Promise<void>;
}

/**
 * How the query server is reached: with `--tls-dir` by TLS and only by those whom the options let in; without it by plain HTTP, by
 * those whom the options let in where they name any, else by anybody.
 */
export async function openDoor(
  options: TlsOptions & AccessOptions,
  io: CliIo,
  signal: AbortSignal,
): Promise<OpenDoor> {
  const tls = await tlsOf(options, io);
  if (tls === undefined && options.accessClientCaFile !== undefined)
    throw new CodedError('InvalidOption', '--access-client-ca-file needs --tls-dir');
  if (tls === undefined && !asksWho(options)) return { door: {}, client: undefined, async close() {} };
  const { guard, serverTlsOptions } = await import('../../endpoint/guard.ts');
  const { rules, close } = await accessRules(options, tls?.clients ?? [], io);
  if (tls === undefined)
    return {
      door: { guard: (request, response) => guard(request, response, rules, undefined) },
      client: undefined,
      close,
    };
  const { systemClock } = await import('../../base/clock.ts');
  const { createServer } = await import('node:https');
  const { resolve } = await import('node:path');
  const { TlsFiles } = await import('../../endpoint/tls-files.ts');
  const people = options.accessClientCaFile;
  const files = new TlsFiles(tls.dir, people === undefined ? undefined : resolve(io.cwd, people));
  let server: TlsServer | undefined;
  void files.follow(systemClock, signal, () => server?.setSecureContext(serverTlsOptions(files)));
  return {
    door: {
      create(settings: ServerOptions, listener: RequestListener) {
        server = createServer({ ...settings, ...serverTlsOptions(files) }, listener);
        return server;
      },
      guard: (request, response) => guard(request, response, rules, files),
    },
    client: () => ({ ...files.material, servername: tls.serverName }),
    close,
  };
}
