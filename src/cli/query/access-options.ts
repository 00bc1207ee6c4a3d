import { type Command, InvalidArgumentError } from 'commander';
import type { AccessRules } from '../../endpoint/access.ts';
import type { CliIo } from '../io.ts';

export interface AccessOptions {
  readonly accessAnonymous?: boolean;
  readonly accessBasicFile?: string;
  readonly accessClientCaFile?: string;
  readonly accessTokensFor?: string;
  readonly accessProxyUserHeader?: string;
  readonly accessProxy: readonly string[];
  readonly serviceAccountDir: string;
}

const collect = (value: string, before: string[]) => [...before, value];

function stackName(text: string): string {
  if (/^[^/]+\/[^/]+$/.test(text)) return text;
  throw new InvalidArgumentError('namespace/name is needed');
}

/** Options that say who may read; without any, with `--tls-dir`, only clients of the stack. */
export function addAccessOptions(command: Command): Command {
  return command
    .option('--access-anonymous', 'anybody may read')
    .option('--access-basic-file <file>', 'users that may read: lines user:bcrypt-hash')
    .option('--access-client-ca-file <file>', 'authorities whose clients may read')
    .option(
      '--access-tokens-for <namespace/stack>',
      'bearer tokens of Kubernetes are taken of those who may get monitoringstacks/query of this stack',
      stackName,
    )
    .option('--access-proxy-user-header <header>', 'header in which an authenticating proxy names the user')
    .option(
      '--access-proxy <name>',
      'name in the client certificate of such a proxy; may be given several times',
      collect,
      [],
    )
    .option(
      '--service-account-dir <path>',
      "folder with the pod's token and certificate authority",
      '/var/run/secrets/kubernetes.io/serviceaccount',
    );
}

/** Whether any of them is given. */
export function asksWho(options: AccessOptions): boolean {
  return (
    options.accessBasicFile !== undefined ||
    options.accessClientCaFile !== undefined ||
    options.accessTokensFor !== undefined ||
    options.accessProxy.length > 0
  );
}

/** The rules that the options and the permitted names of clients make, and how to let go of what they hold. */
export async function accessRules(
  options: AccessOptions,
  clients: readonly string[],
  io: CliIo,
): Promise<{ readonly rules: AccessRules; close(): Promise<void> }> {
  const { systemClock } = await import('../../base/clock.ts');
  const { resolve } = await import('node:path');
  const { accessBasicFile, accessTokensFor, accessProxyUserHeader, accessProxy } = options;
  const tokens = accessTokensFor === undefined ? undefined : await openReviews(accessTokensFor, options, io);
  const { BasicUsers } = await import('../../endpoint/basic-users.ts');
  const { peopleRules } = await import('../../endpoint/people.ts');
  const users =
    accessBasicFile === undefined
      ? undefined
      : await BasicUsers.open(resolve(io.cwd, accessBasicFile), systemClock);
  return {
    rules: {
      clients,
      people: options.accessClientCaFile !== undefined,
      anonymous: options.accessAnonymous === true,
      ...peopleRules({
        users,
        tokens: tokens?.cache,
        proxies: accessProxy,
        userHeader: accessProxyUserHeader,
      }),
    },
    async close() {
      await tokens?.close();
    },
  };
}

async function openReviews(stack: string, { serviceAccountDir }: AccessOptions, io: CliIo) {
  const { systemClock } = await import('../../base/clock.ts');
  const { systemRandom } = await import('../../base/random.ts');
  const { inClusterConnection } = await import('../../kube/in-cluster.ts');
  const { connect } = await import('../../kube/connect.ts');
  const { reviewToken } = await import('../../kube/access-review.ts');
  const { ReviewCache } = await import('../../endpoint/review-cache.ts');
  const connection = await inClusterConnection({
    host: io.env.KUBERNETES_SERVICE_HOST,
    port: io.env.KUBERNETES_SERVICE_PORT,
    serviceAccountDir,
  });
  const client = connect(connection, {
    clock: systemClock,
    random: systemRandom,
    userAgent: 'promfleet-query',
  });
  const [namespace = '', name = ''] = stack.split('/');
  const wish = {
    resourceAttributes: {
      verb: 'get',
      group: 'promfleet.dev',
      resource: 'monitoringstacks',
      subresource: 'query',
      namespace,
      name,
    },
  };
  return {
    cache: new ReviewCache((token) => reviewToken(client, token, wish), systemClock),
    close: () => client.close(),
  };
}
