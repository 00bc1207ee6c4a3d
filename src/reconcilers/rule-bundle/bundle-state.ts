import { assert } from '../../base/assert.ts';
import {
  emptyPacking,
  type PackChange,
  type PackedSlot,
  type Packing,
  type PackResult,
  packSteps,
  type RecoveredPacking,
  recoverSteps,
} from '../../render/bundle/pack.ts';
import type { Report } from '../../render/bundle/report.ts';
import type { BundleFile } from '../../render/bundle/slot.ts';
import type { Breather } from '../ports.ts';
import { changedPaths, ReplicaReports } from './replica-reports.ts';
import { SlotHistory } from './slot-history.ts';

/** Where one file lies and since which content of that slot it is as it is now. */
interface Placement {
  readonly slot: string;
  readonly since: number;
}

/** How far one file has come. */
export interface FileProgress {
  /** The API holds it, named by the index. */
  readonly programmed: boolean;
  /** Replicas that report a content of the slot in which the file is as it is now. */
  readonly loaded: number;
  /** Replicas that should. */
  readonly replicas: number;
  /** What a server says that refuses the file; of the first replica that does. */
  readonly quarantined?: string;
}

/**
 * The files of one bundle, their placement in slots and how far each has come: the memory between two reconciles
 * of a stack. Everything in it can be read back from the API, so a restart loses nothing.
 */
export class BundleState {
  readonly replicas = new ReplicaReports();
  readonly #slotNames: readonly string[];
  readonly #histories = new Map<string, SlotHistory>();
  readonly #placements = new Map<string, Placement>();
  readonly #refused = new Map<string, string>();
  #packing: Packing = emptyPacking;

  constructor(slotNames: readonly string[]) {
    this.#slotNames = slotNames;
  }

  get packing(): Packing {
    return this.#packing;
  }

  get fileCount(): number {
    return this.#placements.size;
  }

  paths(): IterableIterator<string> {
    return this.#placements.keys();
  }

  /** The file as it is packed now. */
  file(path: string): BundleFile | undefined {
    const placement = this.#placements.get(path);
    return placement === undefined ? undefined : this.#packing.get(placement.slot)?.files.get(path);
  }

  /** Why the newest text of this file does not fit into the bundle, if so. */
  refusal(path: string): string | undefined {
    return this.#refused.get(path);
  }

  /** Starts from what the API holds. Unreadable slots count as unused: their files are packed anew. */
  async recover(
    live: Iterable<{ readonly name: string; readonly bytes: Uint8Array }>,
    breather: Breather,
  ): Promise<Pick<RecoveredPacking, 'damaged'>> {
    assert(this.#placements.size === 0, 'a bundle is recovered once, before anything else');
    const { packing, damaged } = await inSteps(recoverSteps(live, this.#slotNames), breather);
    this.#packing = packing;
    for (const [slot, { hash, files }] of packing) {
      const since = this.#history(slot).record(hash);
      for (const path of files.keys()) this.#placements.set(path, { slot, since });
    }
    return { damaged };
  }

  /**
   * Packs a change, one after the other. What does not fit is refused by name and keeps its older content. Until it is
   * done everything shows what was before.
   */
  async change(
    change: PackChange,
    breather: Breather,
  ): Promise<Pick<PackResult, 'changed' | 'emptied' | 'refused'>> {
    const put = [...change.put];
    const remove = [...change.remove];
    const before = this.#packing;
    const result = await inSteps(packSteps(before, { put, remove }, this.#slotNames), breather);
    assert(this.#packing === before, 'a bundle is changed twice at a time');
    this.#packing = result.packing;
    for (const path of remove) {
      this.#placements.delete(path);
      this.#refused.delete(path);
    }
    for (const { path } of put) this.#refused.delete(path);
    for (const { path, error } of result.refused) this.#refused.set(path, error);
    for (const slot of result.changed) this.#place(slot, before.get(slot));
    return result;
  }

  /** The API holds this index: hashes by slot name. */
  confirm(hashes: ReadonlyMap<string, string>): void {
    for (const [slot, hash] of hashes) this.#histories.get(slot)?.confirm(hash);
  }

  /** Whether everything that is packed is confirmed. */
  get settled(): boolean {
    for (const [slot, { hash }] of this.#packing) {
      const history = this.#history(slot);
      if (history.programmed < history.sequenceOf(hash)) return false;
    }
    return true;
  }

  progress(path: string): FileProgress | undefined {
    const placement = this.#placements.get(path);
    if (placement === undefined) return undefined;
    const history = this.#history(placement.slot);
    let loaded = 0;
    let quarantined: string | undefined;
    for (const [, report] of this.replicas.pods()) {
      const fault = report?.quarantined.find((entry) => entry.path === path);
      quarantined ??= fault?.error;
      const runs =
        report !== undefined && history.sequenceOf(report.slots[placement.slot]) >= placement.since;
      if (runs && fault === undefined) loaded++;
    }
    return {
      programmed: history.programmed >= placement.since,
      loaded,
      replicas: this.replicas.size,
      ...(quarantined === undefined ? {} : { quarantined }),
    };
  }

  /** Takes over a report and returns the files whose progress or health it may have changed. */
  report(pod: string, report: Report | undefined): Set<string> {
    const taken = this.replicas.set(pod, report);
    if (taken === false) return new Set();
    const affected = changedPaths(taken.before, report);
    for (const [slot, { files }] of this.#packing) {
      const history = this.#history(slot);
      const before = history.sequenceOf(taken.before?.slots[slot]);
      const after = history.sequenceOf(report?.slots[slot]);
      if (before === after) continue;
      const [low, high] = before < after ? [before, after] : [after, before];
      for (const path of files.keys()) {
        const { since } = this.#placements.get(path)!;
        if (low < since && since <= high) affected.add(path);
      }
    }
    return affected;
  }

  #place(slot: string, before: PackedSlot | undefined): void {
    const { hash, files } = this.#packing.get(slot)!;
    const since = this.#history(slot).record(hash);
    for (const [path, file] of files) {
      if (before?.files.get(path)?.content === file.content) continue;
      this.#placements.set(path, { slot, since });
    }
  }

  #history(slot: string): SlotHistory {
    let history = this.#histories.get(slot);
    if (history === undefined) {
      history = new SlotHistory();
      this.#histories.set(slot, history);
    }
    return history;
  }
}

async function inSteps<T>(steps: Generator<undefined, T>, breather: Breather): Promise<T> {
  for (;;) {
    const { done, value } = steps.next();
    if (done === true) return value;
    await breather.breathe();
  }
}
