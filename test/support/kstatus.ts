/** As cli-utils' kstatus (pkg/kstatus/status: Compute, checkGenericProperties, checkReadyCondition) reads a custom resource. */
export type KStatus = 'Current' | 'InProgress' | 'Failed' | 'Terminating';

export interface KStatusObject {
  readonly metadata: { readonly generation?: number; readonly deletionTimestamp?: string };
  readonly status?: {
    readonly observedGeneration?: number;
    readonly conditions?: readonly { readonly type: string; readonly status: string }[];
  };
}

export function kstatusOf({ metadata, status }: KStatusObject): KStatus {
  if (metadata.deletionTimestamp !== undefined) return 'Terminating';
  const observed = status?.observedGeneration;
  if (observed !== undefined && metadata.generation !== undefined && observed !== metadata.generation)
    return 'InProgress';
  const is = (type: string) => status?.conditions?.find((each) => each.type === type)?.status;
  if (is('Reconciling') === 'True') return 'InProgress';
  if (is('Stalled') === 'True') return 'Failed';
  const ready = is('Ready');
  return ready === undefined || ready === 'True' ? 'Current' : 'InProgress';
}
