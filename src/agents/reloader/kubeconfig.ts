/**
 * A kubeconfig by which the server finds its targets: the API server of the pod's environment, the pod's own service account
 * by files, so that rotated tokens are read anew. It holds no credential itself. JSON is YAML.
 */
export function kubeconfigText(options: {
  readonly server: string;
  readonly namespace: string;
  readonly caFile: string | undefined;
  readonly tokenFile: string | undefined;
}): string {
  const name = 'promfleet';
  return `${JSON.stringify(
    {
      apiVersion: 'v1',
      kind: 'Config',
      clusters: [
        {
          name,
          cluster: {
            server: options.server,
            ...(options.caFile === undefined ? {} : { 'certificate-authority': options.caFile }),
          },
        },
      ],
      users: [{ name, user: options.tokenFile === undefined ? {} : { tokenFile: options.tokenFile } }],
      contexts: [{ name, context: { cluster: name, user: name, namespace: options.namespace } }],
      'current-context': name,
    },
    undefined,
    2,
  )}\n`;
}
