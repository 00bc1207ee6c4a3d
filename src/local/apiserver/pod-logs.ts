/** What `kubectl logs` asks for (core/v1 PodLogOptions). */
export interface PodLogRequest {
  readonly namespace: string;
  readonly pod: string;
  readonly podUid: string;
  readonly container: string;
  readonly follow: boolean;
  /** Of the container's previous run. */
  readonly previous: boolean;
  /** Lines from the end; undefined for all. */
  readonly tailLines: number | undefined;
  /** Only lines at or after this time, milliseconds since the epoch. */
  readonly sinceMs: number | undefined;
  /** Each line begins with its RFC 3339 time. */
  readonly timestamps: boolean;
  readonly limitBytes: number | undefined;
}

/**
 * Where logs of containers come from: the node. Resolves to undefined where there is no such log, e.g. no
 * previous run. Iteration ends with the log, or with `signal` when it is followed.
 */
export type PodLogSource = (
  request: PodLogRequest,
  signal: AbortSignal,
) => Promise<AsyncIterable<Uint8Array> | undefined>;
