import { systemClock } from '../../base/clock.ts';
import { CodedError } from '../../base/errors.ts';
import type { AccessRules } from '../../endpoint/access.ts';
import { BasicUsers } from '../../endpoint/basic-users.ts';
import { peopleRules } from '../../endpoint/people.ts';
import { ReviewCache } from '../../endpoint/review-cache.ts';
import { TlsFiles } from '../../endpoint/tls-files.ts';
import { reviewToken } from '../../kube/access-review.ts';
import type { KubeClient } from '../../kube/client.ts';

export interface EndpointAccessOptions {
  readonly metricsTlsDir?: string;
  readonly metricsClientCaFile?: string;
  readonly metricsBasicFile?: string;
  readonly metricsTokens?: boolean;
  readonly metricsProxyUserHeader?: string;
  readonly metricsProxy?: readonly string[];
}

/** Who may read the operator's metrics, as its options say; neither where they say nothing. */
export async function endpointAccess(
  options: EndpointAccessOptions,
  client: KubeClient,
  absolute: (path: string) => string,
): Promise<{ readonly tls?: TlsFiles; readonly access?: AccessRules }> {
  const { metricsTlsDir, metricsClientCaFile, metricsBasicFile, metricsTokens, metricsProxy = [] } = options;
  const asks =
    metricsClientCaFile !== undefined ||
    metricsBasicFile !== undefined ||
    metricsTokens === true ||
    metricsProxy.length > 0;
  if (asks && metricsTlsDir === undefined)
    throw new CodedError('InvalidOption', 'whoever proves who they are needs TLS: give --metrics-tls-dir');
  if (metricsTlsDir === undefined) return {};
  const clientCa = metricsClientCaFile === undefined ? undefined : absolute(metricsClientCaFile);
  const tls = new TlsFiles(absolute(metricsTlsDir), clientCa);
  if (!asks) return { tls };
  const users =
    metricsBasicFile === undefined
      ? undefined
      : await BasicUsers.open(absolute(metricsBasicFile), systemClock);
  const wish = { nonResourceAttributes: { path: '/metrics', verb: 'get' } };
  const cache =
    metricsTokens === true
      ? new ReviewCache((token) => reviewToken(client, token, wish), systemClock)
      : undefined;
  return {
    tls,
    access: {
      people: clientCa !== undefined,
      ...peopleRules({
        users,
        tokens: cache,
        proxies: metricsProxy,
        userHeader: options.metricsProxyUserHeader,
      }),
    },
  };
}
