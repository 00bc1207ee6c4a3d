import type { ObjectMeta } from '../crds/metadata.ts';
import { type LabelSelector, matchesSelector } from './label-selector.ts';

/**
 * Label of a namespace that lets stacks of other namespaces reach in: one or more of `<namespace>` (every stack
 * there) or `<namespace>.<stack>`, joined by `_`, which no Kubernetes name can hold.
 */
export const allowedStacksLabel = 'promfleet.dev/allowed-stacks';

/** What the operator's own configuration allows. */
export interface ConsentPolicy {
  /** Namespaces whose stacks may reach into every other one. */
  readonly platformNamespaces: ReadonlySet<string>;
}

/** The part of a stack that selection reads. */
export interface SelectingStack {
  readonly namespace: string;
  readonly name: string;
  /** Absent: the stack's own namespace. Empty: every namespace. */
  readonly namespaces?: LabelSelector | undefined;
  /** Absent or empty: every object of the selected namespaces. */
  readonly objects?: LabelSelector | undefined;
  /** The stack takes no objects now, with the reason; it is suspended or being deleted. */
  readonly closed?: 'StackSuspended' | 'StackDeleting' | undefined;
}

export type SelectionReason =
  | 'Selected'
  | 'LabelsNotSelected'
  | 'NamespaceNotSelected'
  | 'NoAlertmanager'
  | 'NotPermitted'
  | 'StackDeleting'
  | 'StackNotSelected'
  | 'StackSuspended';

export interface Verdict {
  readonly selected: boolean;
  readonly reason: SelectionReason;
  readonly message: string;
}

const verdict = (reason: SelectionReason, message: string): Verdict => ({
  selected: reason === 'Selected',
  reason,
  message,
});

/** Whether `stack` may reach into a namespace with these labels. */
export function isPermitted(
  stack: Pick<SelectingStack, 'namespace' | 'name'>,
  namespace: string,
  namespaceLabels: Readonly<Record<string, string>> | undefined,
  policy: ConsentPolicy,
): boolean {
  if (namespace === stack.namespace || policy.platformNamespaces.has(stack.namespace)) return true;
  const allowed = namespaceLabels?.[allowedStacksLabel]?.split('_') ?? [];
  return allowed.includes(stack.namespace) || allowed.includes(`${stack.namespace}.${stack.name}`);
}

/** Why `stack` takes the object or leaves it, in the order in which a user would ask. */
export function selectObject(
  stack: SelectingStack,
  object: ObjectMeta,
  namespaceLabels: Readonly<Record<string, string>> | undefined,
  policy: ConsentPolicy,
): Verdict {
  const namespace = object.namespace ?? '';
  if (stack.namespaces === undefined && namespace !== stack.namespace)
    return verdict('NamespaceNotSelected', 'the stack selects objects of its own namespace only');
  if (stack.namespaces !== undefined && !matchesSelector(stack.namespaces, namespaceLabels))
    return verdict('NamespaceNotSelected', `the stack does not select namespace ${namespace}`);
  if (stack.objects !== undefined && !matchesSelector(stack.objects, object.labels))
    return verdict('LabelsNotSelected', 'the stack selects other labels');
  if (!isPermitted(stack, namespace, namespaceLabels, policy))
    return verdict(
      'NotPermitted',
      `namespace ${stack.namespace} is no platform namespace, and namespace ${namespace} does not permit the stack: it would by the label ${allowedStacksLabel}=${stack.namespace}.${stack.name}`,
    );
  if (stack.closed === 'StackSuspended') return verdict('StackSuspended', 'the stack is suspended');
  if (stack.closed === 'StackDeleting') return verdict('StackDeleting', 'the stack is being deleted');
  return verdict('Selected', 'selected');
}
