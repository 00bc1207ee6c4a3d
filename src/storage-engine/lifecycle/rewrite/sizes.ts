/** Samples of a chunk that is encoded anew, as in Prometheus's head; the last ones of a run may make up to half more. */
export const samplesPerChunk = 120;
/** A run of samples between untouched chunks that is shorter is joined to the next chunk rather than kept apart. */
export const smallRun = 30;
