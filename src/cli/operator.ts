import type { Command } from 'commander';
import type { CliIo } from './io.ts';
import type { EndpointAccessOptions } from './operator/endpoint-access.ts';

interface Options extends EndpointAccessOptions {
  readonly kubeconfig?: string;
  readonly context?: string;
  readonly namespace?: readonly string[];
  readonly class?: string;
  readonly platformNamespace?: readonly string[];
  readonly leaderElect?: boolean;
  readonly leaseNamespace?: string;
  readonly metricsListen?: string;
  readonly agentImage?: string;
  readonly discoveryClusterRole?: string;
  readonly allowHost?: readonly string[];
  readonly allowLoopback?: boolean;
  readonly kubeQps: string;
  readonly logLevel: string;
}

const list = (value: string, before: readonly string[] | undefined): readonly string[] => [
  ...(before ?? []),
  ...value.split(',').filter((part) => part !== ''),
];

export function register(program: Command, io: CliIo): void {
  program
    .command('operator')
    .description('runs the operator: brings stacks, rules and routes of a cluster to their declared state')
    .option('--kubeconfig <file>', 'API server to talk to; default: KUBECONFIG, the pod, ~/.kube/config')
    .option('--context <name>', 'context of the kubeconfig')
    .option('--namespace <names>', 'only these namespaces (repeat or separate by commas); default: all', list)
    .option(
      '--class <name>',
      'only objects with the label promfleet.dev/class=<name>; default: those without',
    )
    .option(
      '--platform-namespace <names>',
      'namespaces whose stacks may reach into every other one (repeat or separate by commas)',
      list,
    )
    .option('--leader-elect', 'take part in an election: of several operators one works')
    .option('--lease-namespace <name>', "namespace of the Lease; default: the operator's own")
    .option('--metrics-listen <host:port>', 'where to serve /metrics, /healthz and /readyz')
    .option(
      '--metrics-tls-dir <folder>',
      'serve them by TLS: tls.crt, tls.key and ca.crt, as in a mounted Secret; changed files are in use at once',
    )
    .option('--metrics-client-ca-file <file>', 'authorities whose clients may read /metrics')
    .option('--metrics-basic-file <file>', 'users that may read /metrics: lines user:bcrypt-hash')
    .option(
      '--metrics-tokens',
      'bearer tokens of Kubernetes are taken of those who may get the non-resource URL /metrics',
    )
    .option('--metrics-proxy-user-header <header>', 'header in which an authenticating proxy names the user')
    .option('--metrics-proxy <names>', 'names in the client certificates of such proxies', list)
    .option(
      '--agent-image <image>',
      'image of the agents beside each server; default: the one of this version',
    )
    .option(
      '--discovery-cluster-role <name>',
      'ClusterRole that is bound where a stack discovers targets; default: Roles that the operator makes',
    )
    .option('--allow-host <hosts>', 'hosts that receivers may reach although they are refused by rule', list)
    .option('--allow-loopback', 'receivers may reach loopback addresses: for one machine only')
    .option('--kube-qps <number>', 'requests to the API server per second, sustained', '500')
    .option('--log-level <level>', 'debug, info, warn or error', 'info')
    .action(async (options: Options) => {
      const { runOperator } = await import('./operator/run.ts');
      await runOperator(
        {
          ...options,
          namespaces: options.namespace,
          platformNamespaces: options.platformNamespace ?? [],
          version: program.version() ?? '',
          requestsPerSecond: Number(options.kubeQps),
        },
        io,
      );
    });
}
