import { readFile } from 'node:fs/promises';
import { dirname, isAbsolute, join } from 'node:path';
import { load } from 'js-yaml';
import { CodedError } from '../base/errors.ts';
import type { ClusterConnection, Credentials, TlsMaterial } from './connection.ts';
import { pluginCredentials } from './kubeconfig-plugin.ts';

/** The parts of a kubeconfig (client.config/v1) that matter for connecting. */
interface KubeconfigFile {
  readonly 'current-context'?: string;
  readonly clusters?: readonly { readonly name: string; readonly cluster?: ClusterEntry }[];
  readonly users?: readonly { readonly name: string; readonly user?: UserEntry }[];
  readonly contexts?: readonly {
    readonly name: string;
    readonly context?: { readonly cluster?: string; readonly user?: string; readonly namespace?: string };
  }[];
}

interface ClusterEntry {
  readonly server?: string;
  readonly 'certificate-authority'?: string;
  readonly 'certificate-authority-data'?: string;
  readonly 'insecure-skip-tls-verify'?: boolean;
  readonly 'tls-server-name'?: string;
  readonly 'proxy-url'?: string;
}

interface UserEntry {
  readonly token?: string;
  readonly tokenFile?: string;
  readonly username?: string;
  readonly password?: string;
  readonly 'client-certificate'?: string;
  readonly 'client-certificate-data'?: string;
  readonly 'client-key'?: string;
  readonly 'client-key-data'?: string;
  readonly as?: string;
  readonly 'as-groups'?: readonly string[];
  readonly 'as-uid'?: string;
  readonly 'as-user-extra'?: unknown;
  readonly exec?: unknown;
  readonly 'auth-provider'?: unknown;
}

export interface KubeconfigOptions {
  /** Context to use instead of the file's current one. */
  readonly context?: string;
}

/**
 * The connection that a kubeconfig file describes. Tokens and certificates that the file only points to are read anew on
 * every use. Plain entries are read here, because loading the Kubernetes client package costs about 90 MB; credential
 * plugins (`exec`, `auth-provider`) go through that package.
 */
export async function kubeconfigConnection(
  path: string,
  options: KubeconfigOptions = {},
): Promise<ClusterConnection> {
  const text = await readFile(path, 'utf8').catch((error: Error) => {
    throw invalid(path, error.message, error);
  });
  return connectionFromText(text, path, options);
}

/** As `kubeconfigConnection`, from the text itself; relative paths start at the folder of `path`. */
export function connectionFromText(
  text: string,
  path: string,
  options: KubeconfigOptions = {},
): ClusterConnection {
  const file = parse(text, path);
  const contextName = options.context ?? file['current-context'] ?? '';
  const context = named(file.contexts, contextName)?.context;
  if (context === undefined) throw invalid(path, `context ${JSON.stringify(contextName)} does not exist`);
  const cluster = named(file.clusters, context.cluster)?.cluster;
  if (cluster?.server === undefined)
    throw invalid(path, `cluster ${JSON.stringify(context.cluster)} has no server`);
  const user = named(file.users, context.user)?.user ?? {};
  const { server, 'proxy-url': proxyUrl } = cluster;
  checkUrl(server, ['http:', 'https:'], path);
  if (proxyUrl !== undefined) checkUrl(proxyUrl, ['http:', 'https:'], path);
  if ((user['as-groups'] ?? []).length > 1 || user['as-user-extra'] !== undefined) {
    throw invalid(path, 'impersonation of several groups or with extra fields is not supported');
  }
  const dir = dirname(path);
  const byPlugin = user.exec !== undefined || user['auth-provider'] !== undefined;
  const plugin = byPlugin ? pluginCredentials(text, path, contextName) : undefined;
  return {
    server: server.replace(/\/+$/, ''),
    namespace: context.namespace ?? 'default',
    ...(proxyUrl === undefined ? {} : { proxyUrl }),
    async credentials() {
      const own: Credentials = { headers: await headersOf(user, dir), tls: await tlsOf(cluster, user, dir) };
      if (plugin === undefined) return own;
      const more = await plugin();
      return { headers: { ...own.headers, ...more.headers }, tls: { ...own.tls, ...more.tls } };
    },
  };
}

async function headersOf(user: UserEntry, dir: string): Promise<Record<string, string>> {
  const headers: Record<string, string> = {};
  if (user.tokenFile !== undefined) {
    headers.authorization = `Bearer ${(await readFile(absolute(user.tokenFile, dir), 'utf8')).trim()}`;
  } else if (user.token !== undefined) {
    headers.authorization = `Bearer ${user.token}`;
  } else if (user.username !== undefined) {
    const pair = Buffer.from(`${user.username}:${user.password ?? ''}`).toString('base64');
    headers.authorization = `Basic ${pair}`;
  }
  if (user.as !== undefined) headers['impersonate-user'] = user.as;
  if (user['as-uid'] !== undefined) headers['impersonate-uid'] = user['as-uid'];
  const [group] = user['as-groups'] ?? [];
  if (group !== undefined) headers['impersonate-group'] = group;
  return headers;
}

async function tlsOf(cluster: ClusterEntry, user: UserEntry, dir: string): Promise<TlsMaterial> {
  const [ca, cert, key] = await Promise.all([
    pem(cluster['certificate-authority-data'], cluster['certificate-authority'], dir),
    pem(user['client-certificate-data'], user['client-certificate'], dir),
    pem(user['client-key-data'], user['client-key'], dir),
  ]);
  return {
    ...(ca === undefined ? {} : { ca }),
    ...(cert === undefined ? {} : { cert }),
    ...(key === undefined ? {} : { key }),
    ...(cluster['tls-server-name'] === undefined ? {} : { servername: cluster['tls-server-name'] }),
    ...(cluster['insecure-skip-tls-verify'] === true ? { rejectUnauthorized: false } : {}),
  };
}

/** Inline data wins over a file, as in kubectl. */
async function pem(
  base64: string | undefined,
  file: string | undefined,
  dir: string,
): Promise<string | undefined> {
  if (base64 !== undefined && base64 !== '') return Buffer.from(base64, 'base64').toString('utf8');
  return file === undefined || file === '' ? undefined : await readFile(absolute(file, dir), 'utf8');
}

function absolute(path: string, dir: string): string {
  return isAbsolute(path) ? path : join(dir, path);
}

function parse(text: string, path: string): KubeconfigFile {
  let value: unknown;
  try {
    value = load(text);
  } catch (error) {
    // The parser's message quotes the text, which holds credentials.
    const line = (error as { mark?: { line?: number } }).mark?.line;
    throw invalid(path, `not YAML${line === undefined ? '' : ` (line ${line + 1})`}`);
  }
  if (typeof value !== 'object' || value === null) throw invalid(path, 'not a mapping');
  return value as KubeconfigFile;
}

function named<T extends { readonly name: string }>(
  list: readonly T[] | undefined,
  name: string | undefined,
): T | undefined {
  return list?.find((entry) => entry.name === name);
}

function checkUrl(url: string, protocols: readonly string[], path: string): void {
  if (!URL.canParse(url) || !protocols.includes(new URL(url).protocol)) {
    throw invalid(path, `${JSON.stringify(url)} is not a URL of ${protocols.join(' or ')}`);
  }
}

function invalid(path: string, detail: string, cause?: unknown): CodedError {
  return new CodedError(
    'KubeconfigInvalid',
    `kubeconfig ${path}: ${detail}`,
    cause === undefined ? {} : { cause },
  );
}
