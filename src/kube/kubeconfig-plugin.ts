import type { RequestOptions } from 'node:https';
import { dirname } from 'node:path';
import { CodedError } from '../base/errors.ts';
import type { Credentials } from './connection.ts';

/**
 * Credentials from a plugin of a kubeconfig user (`exec`, `auth-provider`), through the official client package, which
 * keeps them until they expire. The package is loaded on first use.
 */
export function pluginCredentials(text: string, path: string, context: string): () => Promise<Credentials> {
  let loaded: Promise<{ applyToHTTPSOptions(options: RequestOptions): Promise<void> }> | undefined;
  const open = async () => {
    const { KubeConfig } = await import('@kubernetes/client-node');
    const config = new KubeConfig();
    config.loadFromString(text);
    config.makePathsAbsolute(dirname(path));
    config.setCurrentContext(context);
    return config;
  };
  return async () => {
    loaded ??= open();
    const options: RequestOptions = { headers: {} };
    try {
      await (await loaded).applyToHTTPSOptions(options);
    } catch (error) {
      throw new CodedError('KubeconfigInvalid', `kubeconfig ${path}: the credential plugin failed`, {
        cause: error,
      });
    }
    const authorization = (options.headers as Record<string, unknown> | undefined)?.Authorization;
    const { cert, key } = options;
    return {
      headers: typeof authorization === 'string' ? { authorization } : {},
      tls: {
        ...(cert === undefined ? {} : { cert: String(cert) }),
        ...(key === undefined ? {} : { key: String(key) }),
      },
    };
  };
}
