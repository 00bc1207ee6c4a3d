import type { Command } from 'commander';
import type { CliIo } from './io.ts';

export interface TlsOptions {
  readonly tlsDir?: string;
  readonly tlsName?: string;
  readonly tlsClient: readonly string[];
}

const collect = (value: string, before: string[]) => [...before, value];

/** Options of every part of a stack that listens or speaks to others of it. */
export function addTlsOptions(command: Command): Command {
  return command
    .option(
      '--tls-dir <folder>',
      'folder with identity.pem (key and certificate) and ca.crt: listen and speak by TLS; changed files are in use at once',
    )
    .option('--tls-name <name>', 'name that servers of the same authority prove')
    .option(
      '--tls-client <name>',
      'name in the certificate of a client that is let in; may be given several times',
      collect,
      [],
    );
}

/** What the options say; undefined without `--tls-dir`. */
export async function tlsOf(options: TlsOptions, io: Pick<CliIo, 'cwd'>) {
  if (options.tlsDir === undefined) return undefined;
  const { resolve } = await import('node:path');
  return {
    dir: resolve(io.cwd, options.tlsDir),
    serverName: options.tlsName ?? 'localhost',
    clients: options.tlsClient,
  };
}
