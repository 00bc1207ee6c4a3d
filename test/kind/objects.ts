import { ownImage, s3Image } from './images.ts';

/** Fits the Pod Security Standard "restricted". */
const restricted = {
  allowPrivilegeEscalation: false,
  readOnlyRootFilesystem: true,
  runAsNonRoot: true,
  runAsUser: 65534,
  capabilities: { drop: ['ALL'] },
  seccompProfile: { type: 'RuntimeDefault' },
} as const;

const namespace = 'monitoring';
const [accessKey, secretKey, bucket] = ['test-access', 'test-secret-key', 'blocks'];

/** An S3 server in the cluster with an empty bucket, and the Secret that describes it to a stack. */
export function s3Objects(): readonly object[] {
  const labels = { app: 's3' };
  const data = { name: 'data', mountPath: '/data' };
  return [
    {
      apiVersion: 'apps/v1',
      kind: 'Deployment',
      metadata: { name: 's3', namespace },
      spec: {
        selector: { matchLabels: labels },
        template: {
          metadata: { labels },
          spec: {
            automountServiceAccountToken: false,
            securityContext: { fsGroup: 65534 },
            initContainers: [
              {
                name: 'bucket',
                image: ownImage,
                command: ['node', '-e', `require('fs').mkdirSync('/data/${bucket}', { recursive: true })`],
                securityContext: restricted,
                volumeMounts: [data],
              },
            ],
            containers: [
              {
                name: 's3',
                image: s3Image,
                args: ['--port', ':7070', '--access', accessKey, '--secret', secretKey, 'posix', '/data'],
                readinessProbe: { tcpSocket: { port: 7070 }, periodSeconds: 2 },
                securityContext: restricted,
                volumeMounts: [data],
              },
            ],
            volumes: [{ name: 'data', emptyDir: {} }],
          },
        },
      },
    },
    {
      apiVersion: 'v1',
      kind: 'Service',
      metadata: { name: 's3', namespace },
      spec: { selector: labels, ports: [{ port: 7070 }] },
    },
    objectStoreSecret(),
  ];
}

export const objectStoreSecretName = 'objstore';

export function objectStoreSecret(): object {
  const config = {
    bucket,
    endpoint: `s3.${namespace}.svc:7070`,
    region: 'us-east-1',
    insecure: true,
    access_key: accessKey,
    secret_key: secretKey,
    bucket_lookup_type: 'path',
  };
  return {
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: { name: objectStoreSecretName, namespace },
    // JSON is YAML.
    stringData: { 'objstore.yml': JSON.stringify({ type: 'S3', config }) },
  };
}

/** A Job that writes files into the volume of a claim, at the paths below its root. */
export function writingJob(options: {
  readonly name: string;
  readonly claim: string;
  readonly image: string;
  readonly files: ReadonlyMap<string, Buffer>;
}): readonly object[] {
  const { name, claim, image, files } = options;
  const paths = [...files.keys()];
  const script = `const fs = require('fs'), path = require('path');
JSON.parse(process.argv[1]).forEach((file, number) => {
  fs.mkdirSync(path.dirname('/target/' + file), { recursive: true });
  fs.copyFileSync('/files/' + number, '/target/' + file);
});`;
  const binaryData = Object.fromEntries(
    paths.map((path, number) => [String(number), files.get(path)!.toString('base64')]),
  );
  return [
    { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name, namespace }, binaryData },
    {
      apiVersion: 'batch/v1',
      kind: 'Job',
      metadata: { name, namespace },
      spec: {
        backoffLimit: 2,
        template: {
          spec: {
            restartPolicy: 'Never',
            automountServiceAccountToken: false,
            securityContext: { fsGroup: 65534 },
            containers: [
              {
                name: 'write',
                image,
                command: ['node', '-e', script, JSON.stringify(paths)],
                securityContext: restricted,
                volumeMounts: [
                  { name: 'files', mountPath: '/files' },
                  { name: 'target', mountPath: '/target' },
                ],
              },
            ],
            volumes: [
              { name: 'files', configMap: { name } },
              { name: 'target', persistentVolumeClaim: { claimName: claim } },
            ],
          },
        },
      },
    },
  ];
}
