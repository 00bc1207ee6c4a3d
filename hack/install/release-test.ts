import { containerSecurityContext, podSecurityContext } from '../../src/render/workload/pod.ts';
import { isHelm, isSet, type Node, releaseNamespace, value, when } from './expression.ts';
import type { Document } from './helm-text.ts';
import { image, metricsPort, operatorName, ownMetadata, testName } from './names.ts';

/** Asks the operator through its Service whether its caches are filled and one of its pods leads. */
const program = `
const url = 'http://' + process.argv[1] + '.' + process.argv[2] + '.svc:${metricsPort.number}/readyz';
const response = await fetch(url, { signal: AbortSignal.timeout(10000) });
console.log(response.status, await response.text());
process.exit(response.ok ? 0 : 1);
`.trim();

/** \`helm test\`. */
export const releaseTest: readonly Document[] = [
  {
    condition: isHelm,
    object: {
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: ownMetadata(testName, {
        component: 'promfleet-test',
        annotations: {
          'helm.sh/hook': 'test',
          'helm.sh/hook-delete-policy': 'before-hook-creation,hook-succeeded',
        },
      }),
      spec: {
        restartPolicy: 'Never',
        automountServiceAccountToken: false,
        enableServiceLinks: false,
        securityContext: podSecurityContext as unknown as Node,
        imagePullSecrets: when(isSet('imagePullSecrets'), value('imagePullSecrets')),
        nodeSelector: when(isSet('operator.nodeSelector'), value('operator.nodeSelector')),
        tolerations: when(isSet('operator.tolerations'), value('operator.tolerations')),
        containers: [
          {
            name: 'ask',
            image,
            imagePullPolicy: value('image.pullPolicy'),
            command: ['node', '--input-type=module', '--eval', program, '--'],
            args: [operatorName, releaseNamespace],
            resources: { requests: { cpu: '10m', memory: '64Mi' }, limits: { memory: '256Mi' } },
            securityContext: containerSecurityContext as unknown as Node,
          },
        ],
      },
    },
  },
];
