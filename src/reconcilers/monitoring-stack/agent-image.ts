import { createHash } from 'node:crypto';
import type { MonitoringStack } from '../../crds/monitoring-stack.ts';
import { containerNames } from '../../render/names.ts';
import type { Manifest } from '../../render/workload/manifest.ts';
import { canonicalJson } from '../json.ts';
import type { KubeObject } from '../object.ts';

/** Annotation of a workload: hash of its pod template without the agents' image. */
export const templateHashAnnotation = 'promfleet.dev/template-hash';

interface Container {
  readonly name: string;
  readonly image?: string;
}

interface PodTemplate {
  readonly spec?: {
    readonly initContainers?: readonly Container[];
    readonly containers?: readonly Container[];
  };
}

function templateOf(object: KubeObject): PodTemplate {
  return (object as { readonly spec?: { readonly template?: PodTemplate } }).spec?.template ?? {};
}

const workloadKinds = ['StatefulSet', 'Deployment'];

/** The image of promfleet that a live workload runs: beside its server, or as its query server. */
export function agentImageOf(object: KubeObject): string | undefined {
  const { initContainers = [], containers = [] } = templateOf(object).spec ?? {};
  const own = [containerNames.reloader, containerNames.query, containerNames.compactor] as const;
  return [...initContainers, ...containers].find(({ name }) => own.some((each) => each === name))?.image;
}

function templateHash(manifest: Manifest, agentImage: string): string {
  const text = canonicalJson(templateOf(manifest)).replaceAll(JSON.stringify(agentImage), '""');
  return createHash('sha256').update(text).digest('hex').slice(0, 32);
}

/**
 * Renders workloads with the agent image that they should run now. The image is pinned by what is live, so that a
 * newer operator restarts nothing by itself: `OnNextRestart` takes the new one once the pods restart for another
 * reason, `Rolling` at once, `Manual` only where the stack names it.
 */
export function pinAgentImage<R extends { readonly manifests: readonly Manifest[] }>(
  stack: MonitoringStack,
  newImage: string,
  live: ReadonlyMap<string, KubeObject>,
  render: (agentImage: string) => R,
): { readonly rendered: R; readonly agentImage: string } {
  const wanted = stack.spec.agents?.image ?? newImage;
  const pinned = [...live.values()].map(agentImageOf).find((image) => image !== undefined);
  const mode = stack.spec.rollout?.agents ?? 'OnNextRestart';
  const choose = (agentImage: string) => {
    const rendered = render(agentImage);
    return { rendered: { ...rendered, manifests: stamped(rendered.manifests, agentImage) }, agentImage };
  };
  if (pinned === undefined || pinned === wanted || mode === 'Rolling') return choose(wanted);
  if (mode === 'Manual') return choose(stack.spec.agents?.image ?? pinned);
  const kept = choose(pinned);
  const restarts = kept.rendered.manifests.some((manifest) => {
    const before = workloadKinds.includes(manifest.kind) ? live.get(manifest.metadata.name) : undefined;
    const hash = before?.metadata.annotations?.[templateHashAnnotation];
    return hash !== undefined && hash !== manifest.metadata.annotations?.[templateHashAnnotation];
  });
  return restarts ? choose(wanted) : kept;
}

function stamped(manifests: readonly Manifest[], agentImage: string): Manifest[] {
  return manifests.map((manifest) => {
    if (!workloadKinds.includes(manifest.kind)) return manifest;
    const annotations = {
      ...manifest.metadata.annotations,
      [templateHashAnnotation]: templateHash(manifest, agentImage),
    };
    return { ...manifest, metadata: { ...manifest.metadata, annotations } };
  });
}
