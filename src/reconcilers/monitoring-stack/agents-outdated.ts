import type { ConditionDraft } from '../conditions.ts';

/** Minor versions that operator and agents may be apart, either way. */
const permittedSkew = 1;

/**
 * Whether agents of a stack are of an older minor version than the operator, and whether they are further apart than works.
 * Undefined while nothing is known of either. It informs: the stack is as declared, with its agents as pinned.
 */
export function agentsOutdated(
  operatorVersion: string | undefined,
  agents: readonly { readonly name: string; readonly agentVersion: string | undefined }[],
): ConditionDraft | undefined {
  const own = minorOf(operatorVersion);
  const known = agents.flatMap(({ name, agentVersion }) => {
    const minor = minorOf(agentVersion);
    return own === undefined || minor === undefined ? [] : [{ name, agentVersion, behind: own - minor }];
  });
  if (known.length === 0) return undefined;
  const type = 'AgentsOutdated';
  const far = known.filter(({ behind }) => Math.abs(behind) > permittedSkew);
  const old = known.filter(({ behind }) => behind > 0);
  const named = (list: typeof known) =>
    `${list.length} of ${agents.length} replicas, such as ${list[0]!.name}, run agents of ${list[0]!.agentVersion}; the operator is ${operatorVersion}`;
  if (far.length > 0)
    return {
      type,
      status: 'True',
      reason: 'SkewExceeded',
      message: `${named(far)}: more than one minor version apart is not supported. Set rollout.agents to Rolling, or restart the pods.`,
    };
  if (old.length > 0)
    return {
      type,
      status: 'True',
      reason: 'Outdated',
      message: `${named(old)}. They are replaced when the pods restart, or at once with rollout.agents: Rolling; do so before the next minor version.`,
    };
  return { type, status: 'False', reason: 'UpToDate', message: '' };
}

/** Counts one major version as ten thousand minor ones: never within the skew. */
function minorOf(version: string | undefined): number | undefined {
  const [, major, minor] = /^v?(\d{1,4})\.(\d{1,3})\./.exec(version ?? '') ?? [];
  return major === undefined ? undefined : Number(major) * 10_000 + Number(minor);
}
