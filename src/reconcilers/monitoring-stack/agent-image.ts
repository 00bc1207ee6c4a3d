import { createHash } from 'node:crypto';
import type { MonitoringStack } from '../../crds/monitoring-stack.ts';
import { containerNames } from '../../render/names.ts';
import type { Manifest } from '../../render/workload/manifest.ts';
import { newestTemplateSchema, templateSchemas } from '../../render/workload/tls.ts';
import { canonicalJson } from '../json.ts';
import type { KubeObject } from '../object.ts';

/** Annotation of a workload: hash of its pod template without the agents' image. */
export const templateHashAnnotation = 'promfleet.dev/template-hash';
/** Annotation of a workload: the form of its pod template, where it is not the first. */
export const templateSchemaAnnotation = 'promfleet.dev/template-schema';

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

/** What of a workload's pod template is not the stack's own: the agents' image, and the form that the operator gives it. */
export interface Pin {
  readonly agentImage: string;
  /** See `templateSchemas`. */
  readonly schema: number;
}

/** The form of a live workload's template. */
function schemaOf(object: KubeObject): number {
  return Number(object.metadata.annotations?.[templateSchemaAnnotation] ?? templateSchemas.plain);
}

/**
 * Renders workloads with the agent image, and in the form, that they should run now. Both are pinned by what is live, so
 * that a newer operator restarts nothing by itself: `OnNextRestart` takes the new ones once the pods restart for another
 * reason, `Rolling` at once, `Manual` a new image only where the stack names it.
 */
export function pinAgentImage<R extends { readonly manifests: readonly Manifest[] }>(
  stack: MonitoringStack,
  newImage: string,
  live: ReadonlyMap<string, KubeObject>,
  render: (pin: Pin) => R,
  newestSchema = newestTemplateSchema,
): { readonly rendered: R } & Pin {
  const wanted: Pin = { agentImage: stack.spec.agents?.image ?? newImage, schema: newestSchema };
  const running = [...live.values()].find((object) => agentImageOf(object) !== undefined);
  const mode = stack.spec.rollout?.agents ?? 'OnNextRestart';
  const choose = (pin: Pin) => {
    const rendered = render(pin);
    return { rendered: { ...rendered, manifests: stamped(rendered.manifests, pin) }, ...pin };
  };
  if (running === undefined || mode === 'Rolling') return choose(wanted);
  const pinned: Pin = { agentImage: agentImageOf(running)!, schema: schemaOf(running) };
  if (mode === 'Manual') {
    const { image } = stack.spec.agents ?? {};
    // An agent that is named by hand comes with the form that it was made for.
    return image === undefined || image === pinned.agentImage
      ? choose(pinned)
      : choose({ ...wanted, agentImage: image });
  }
  if (pinned.agentImage === wanted.agentImage && pinned.schema === wanted.schema) return choose(wanted);
  const kept = choose(pinned);
  const restarts = kept.rendered.manifests.some((manifest) => {
    const before = workloadKinds.includes(manifest.kind) ? live.get(manifest.metadata.name) : undefined;
    const hash = before?.metadata.annotations?.[templateHashAnnotation];
    return hash !== undefined && hash !== manifest.metadata.annotations?.[templateHashAnnotation];
  });
  return restarts ? choose(wanted) : kept;
}

function stamped(manifests: readonly Manifest[], pin: Pin): Manifest[] {
  return manifests.map((manifest) => {
    if (!workloadKinds.includes(manifest.kind)) return manifest;
    const annotations = {
      ...manifest.metadata.annotations,
      [templateHashAnnotation]: templateHash(manifest, pin.agentImage),
      ...(pin.schema === templateSchemas.plain ? {} : { [templateSchemaAnnotation]: String(pin.schema) }),
    };
    return { ...manifest, metadata: { ...manifest.metadata, annotations } };
  });
}
