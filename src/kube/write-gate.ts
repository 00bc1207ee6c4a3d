/** Says whether writes may leave this process now. Leader election implements it; without one every write passes. */
export interface WriteGate {
  /**
   * Throws `NotLeading` when writes are refused. Else the milliseconds within which a write that starts now must have
   * ended: it is aborted after that.
   */
  admitMs(): number;
}

export const openGate: WriteGate = { admitMs: () => Number.POSITIVE_INFINITY };
