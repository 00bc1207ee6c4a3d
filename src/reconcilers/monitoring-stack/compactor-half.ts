import { CodedError } from '../../base/errors.ts';
import type { MonitoringStack } from '../../crds/monitoring-stack.ts';
import type { RetentionPolicy } from '../../crds/retention-policy.ts';
import { renderCompactor } from '../../render/compactor/compactor.ts';
import { hasCompactor } from '../../render/compactor/flags.ts';
import { retentionManifest, retentionOrderOf } from '../../render/compactor/retention-object.ts';
import { compactorName, dataKeys, reportName, retentionName } from '../../render/names.ts';
import { speaksTls } from '../../render/workload/tls.ts';
import type { RetentionDocument } from '../../storage-engine/format/retention-document.ts';
import {
  parseRetentionReport,
  type RetentionOrder,
  type RetentionPreview,
  type RetentionReport,
} from '../../storage-engine/format/retention-report.ts';
import { parseDuration } from '../../storage-engine/promql/syntax/durations.ts';
import type { KubeObject } from '../object.ts';
import { type CompiledPolicy, compilePolicy, readKeep } from '../retention-policy/compile.ts';
import { nextDocument } from '../retention-policy/document.ts';
import { pinAgentImage } from './agent-image.ts';
import { type Half, splitWorkloads } from './prometheus-half.ts';

/** Policies of the stack by whether they are in force. */
export interface StackPolicies {
  readonly enforced: readonly CompiledPolicy[];
  readonly previewed: readonly (CompiledPolicy & { readonly exact: boolean })[];
}

const compiled = new WeakMap<RetentionPolicy, CompiledPolicy>();

/** Compiled once a version of the object. */
export function compiledPolicy(policy: RetentionPolicy): CompiledPolicy {
  const known = compiled.get(policy) ?? compilePolicy(policy);
  compiled.set(policy, known);
  return known;
}

/**
 * The policies about a stack. One that is faulty or suspended keeps what it last said in force: `before` is the document
 * that the stack was last told.
 */
export function policiesOf(
  stack: MonitoringStack,
  policies: readonly RetentionPolicy[],
  before: RetentionDocument | undefined,
): StackPolicies {
  const enforced: CompiledPolicy[] = [];
  const previewed: (CompiledPolicy & { exact: boolean })[] = [];
  for (const policy of policies) {
    const { stack: of, suspend, mode = 'Preview', exact = false } = policy.spec;
    if (of.name !== stack.metadata.name || policy.metadata.deletionTimestamp !== undefined) continue;
    const now = compiledPolicy(policy);
    if (suspend === true || now.faults.length > 0) {
      const last = before?.policies.find(({ name }) => name === now.rules.name);
      if (last !== undefined) enforced.push({ rules: last, erasures: [], faults: [], notes: [] });
    } else if (mode === 'Enforce') enforced.push(now);
    else previewed.push({ ...now, exact });
  }
  return { enforced, previewed };
}

/** The order that the compactor was last given, by the children that exist. */
export function orderedDocument(
  stack: MonitoringStack,
  children: ReadonlyMap<string, KubeObject>,
): RetentionDocument | undefined {
  const { name, namespace = '' } = stack.metadata;
  const object = children.get(`v1 ConfigMap ${namespace}/${retentionName(name)}`);
  if (object === undefined) return undefined;
  try {
    return retentionOrderOf(object as Parameters<typeof retentionOrderOf>[0])?.document;
  } catch (error) {
    // Edited by hand: written anew. Erasures that the bucket has stay in it.
    if (error instanceof CodedError) return undefined;
    throw error;
  }
}

/** What the compactor reports, by the children that exist. */
export function retentionReport(
  stack: MonitoringStack,
  children: ReadonlyMap<string, KubeObject>,
): RetentionReport | undefined {
  const { name, namespace = '' } = stack.metadata;
  const report = reportName(`${compactorName(name)}-0`);
  const object = children.get(`v1 ConfigMap ${namespace}/${report}`) as
    | { readonly data?: Readonly<Record<string, string>> }
    | undefined;
  const text = object?.data?.[dataKeys.report];
  if (text === undefined) return undefined;
  try {
    return parseRetentionReport(text, report);
  } catch (error) {
    if (error instanceof CodedError) return undefined;
    throw error;
  }
}

/** Blocks of a Prometheus span up to a tenth of its retention, and go as a whole; its head and log reach back some hours. */
const [blockShare, headMs] = [0.1, 6 * 3_600_000];

/** The live servers of a stack, and for how long after its time they may hold a sample. */
function serversOf({ spec }: MonitoringStack): NonNullable<RetentionOrder['servers']> {
  const { prometheus } = spec;
  if (prometheus === undefined) return { count: 0, holdMs: 0 };
  const { shards = 1, replicas = 2, retention } = prometheus;
  const time = parseDuration(retention?.time ?? '24h');
  return {
    count: shards * replicas,
    ...('ms' in time && { holdMs: Math.ceil(time.ms * (1 + blockShare)) + headMs }),
  };
}

/** Everything of the compactor, its retention document with it. Nothing for a stack without one. */
export function compactorHalf(
  stack: MonitoringStack,
  children: ReadonlyMap<string, KubeObject>,
  newImage: string,
  policies: readonly RetentionPolicy[],
  nowMs: number,
): Half & { readonly document: RetentionDocument | undefined } {
  const { name, namespace = '' } = stack.metadata;
  const live = children.get(`apps/v1 StatefulSet ${namespace}/${compactorName(name)}`);
  const { rendered } = pinAgentImage(
    stack,
    newImage,
    new Map(live === undefined ? [] : [[live.metadata.name, live]]),
    ({ agentImage, schema }) => renderCompactor({ stack, agentImage, tls: speaksTls(stack, schema) }),
  );
  const { content, workloads } = splitWorkloads(rendered.manifests);
  let document: RetentionDocument | undefined;
  if (hasCompactor(stack)) {
    const before = orderedDocument(stack, children);
    const { enforced, previewed } = policiesOf(stack, policies, before);
    const defaultKeep = stack.spec.compactor?.retentionDefault;
    document = nextDocument(
      {
        stack: `${namespace}/${name}`,
        externalLabels: stack.spec.externalLabels ?? {},
        defaultKeep: defaultKeep && readKeep(defaultKeep, [], []),
        enforced,
      },
      before,
      nowMs,
    );
    const previews = previewed.map(
      ({ rules, erasures, exact }): RetentionPreview => ({
        ...rules,
        // Without a time of its own an erasure would take all that there is when it is accepted.
        erase: erasures.map(({ matchers, beforeMs }) => ({
          matchers,
          untilMs: beforeMs ?? Number.MAX_SAFE_INTEGER,
        })),
        exact,
      }),
    );
    content.push(retentionManifest(stack, { document, previews, servers: serversOf(stack) }));
  }
  return {
    content,
    indexes: [],
    workloads,
    indexHashes: new Map(),
    slotHashes: new Map(),
    faults: rendered.faults,
    document,
  };
}
