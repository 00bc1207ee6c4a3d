import type { JsonObject } from '../object.ts';

/** A kubeconfig for the server at `url`, as an object; JSON text of it is valid YAML. With `access` it holds a secret. */
export function localKubeconfig(
  url: string,
  access: { readonly certificate: string; readonly token: string } | undefined,
): JsonObject {
  const name = 'promfleet-local';
  const authority =
    access === undefined
      ? {}
      : { 'certificate-authority-data': Buffer.from(access.certificate).toString('base64') };
  return {
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [{ name, cluster: { server: url, ...authority } }],
    users: [{ name, user: access === undefined ? {} : { token: access.token } }],
    contexts: [{ name, context: { cluster: name, user: name, namespace: 'default' } }],
    'current-context': name,
  };
}
