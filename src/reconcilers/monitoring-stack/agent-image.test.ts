import { expect, test } from 'vitest';
import type { MonitoringStack } from '../../crds/monitoring-stack.ts';
import type { Manifest } from '../../render/workload/manifest.ts';
import type { KubeObject } from '../object.ts';
import { agentImageOf, type Pin, pinAgentImage } from './agent-image.ts';

function stack(spec: MonitoringStack['spec'] = {}): MonitoringStack {
  return {
    apiVersion: 'promfleet.dev/v1alpha1',
    kind: 'MonitoringStack',
    metadata: { name: 'main', namespace: 'monitoring' },
    spec,
  };
}

const render =
  (server: string) =>
  ({ agentImage }: Pin) => ({
    manifests: [
      {
        apiVersion: 'apps/v1',
        kind: 'StatefulSet',
        metadata: { name: 'main-prometheus-0', namespace: 'monitoring' },
        spec: {
          template: {
            spec: {
              initContainers: [{ name: 'reloader', image: agentImage }],
              containers: [{ name: 'prometheus', image: server }],
            },
          },
        },
      } satisfies Manifest,
    ] as Manifest[],
  });

function live(agentImage: string, server = 'prometheus:1'): Map<string, KubeObject> {
  const { rendered } = pinAgentImage(stack(), agentImage, new Map(), render(server));
  return new Map(rendered.manifests.map((manifest) => [manifest.metadata.name, manifest]));
}

test.each<[string, MonitoringStack['spec'], Map<string, KubeObject>, string, string]>([
  ['a new stack gets the newest agents', {}, new Map(), 'prometheus:1', 'agent:2'],
  ['a newer operator restarts nothing', {}, live('agent:1'), 'prometheus:1', 'agent:1'],
  ['pods that restart anyway get the newest agents', {}, live('agent:1'), 'prometheus:2', 'agent:2'],
  [
    'Rolling takes the newest at once',
    { rollout: { agents: 'Rolling' } },
    live('agent:1'),
    'prometheus:1',
    'agent:2',
  ],
  [
    'Manual keeps what is live',
    { rollout: { agents: 'Manual' } },
    live('agent:1'),
    'prometheus:2',
    'agent:1',
  ],
  [
    'Manual takes what the stack names',
    { rollout: { agents: 'Manual' }, agents: { image: 'agent:9' } },
    live('agent:1'),
    'prometheus:1',
    'agent:9',
  ],
])('%s', (_name, spec, before, server, expected) => {
  const { agentImage, rendered } = pinAgentImage(stack(spec), 'agent:2', before, render(server));
  expect(agentImage).toBe(expected);
  expect(agentImageOf(rendered.manifests[0]!)).toBe(expected);
});
