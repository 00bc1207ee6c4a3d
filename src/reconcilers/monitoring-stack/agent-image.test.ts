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

/** As `render`, but an operator that gives templates another form. */
const renderForm = (server: string) => (pin: Pin) => {
  const { manifests } = render(server)(pin);
  return {
    manifests: manifests.map((manifest) => {
      const spec = manifest.spec as { template: object };
      return { ...manifest, spec: { template: { ...spec.template, form: pin.schema } } };
    }),
  };
};

test.each<[string, MonitoringStack['spec'], string, string, number, string]>([
  ['a new form of templates restarts nothing', {}, 'agent:1', 'prometheus:1', 1, 'agent:1'],
  ['also where the agents are already the newest', {}, 'agent:2', 'prometheus:1', 1, 'agent:2'],
  ['pods that restart anyway get it', {}, 'agent:2', 'prometheus:2', 2, 'agent:2'],
  ['Rolling takes it at once', { rollout: { agents: 'Rolling' } }, 'agent:2', 'prometheus:1', 2, 'agent:2'],
  ['Manual keeps it', { rollout: { agents: 'Manual' } }, 'agent:1', 'prometheus:2', 1, 'agent:1'],
])('%s', (_name, spec, agent, server, schema, expected) => {
  const first = pinAgentImage(stack(), agent, new Map(), renderForm('prometheus:1'), 1);
  const before = new Map(first.rendered.manifests.map((manifest) => [manifest.metadata.name, manifest]));
  const next = pinAgentImage(stack(spec), 'agent:2', before, renderForm(server), 2);
  expect([next.schema, next.agentImage]).toEqual([schema, expected]);
  if (schema === 1 && server === 'prometheus:1')
    expect(next.rendered.manifests).toEqual(first.rendered.manifests);
  // What was chosen once is chosen again: nothing restarts at the next look.
  const live = new Map(next.rendered.manifests.map((manifest) => [manifest.metadata.name, manifest]));
  expect(pinAgentImage(stack(spec), 'agent:2', live, renderForm(server), 2).rendered.manifests).toEqual(
    next.rendered.manifests,
  );
});
