/** Every limit of promfleet, with its unit in its name. A new loop, queue, cache, buffer or response adds its limit here. */
export const limits = {
  /** Objects per page of a Kubernetes list. */
  listPageObjects: 500,
  /** Largest manifest document that is parsed; a Kubernetes API server refuses 3 MiB requests. */
  manifestDocumentBytes: 3 * 1024 * 1024,
} as const;
