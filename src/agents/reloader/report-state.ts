import { indexHash } from '../../render/bundle/bundle-index.ts';
import { encodeReport, type Report } from '../../render/bundle/report.ts';
import type { Quarantine, SlotContents } from './desired.ts';
import type { ReportWriter } from './report-writer.ts';
import type { StagedBundle } from './stage.ts';

/** What is to be reported; hands every new version to the writer. */
export class ReportState {
  readonly #writer: Pick<ReportWriter, 'set'>;
  readonly #divisible: (path: string) => boolean;
  #report: Report;

  constructor(writer: Pick<ReportWriter, 'set'>, agentVersion: string, divisible: (path: string) => boolean) {
    this.#writer = writer;
    this.#divisible = divisible;
    this.#report = {
      indexHash: '',
      slots: {},
      quarantined: [],
      serverVersion: '',
      agentVersion,
      ruleHealth: [],
    };
  }

  get report(): Report {
    return this.#report;
  }

  publish(part: Partial<Report>): void {
    this.#report = { ...this.#report, ...part };
    // Before anything is loaded there is nothing to say, except why.
    if (this.#report.indexHash === '' && this.#report.error === undefined) return;
    this.#writer.set(encodeReport(this.#report));
  }

  /** The bundle behind `indexText` was brought into the server, all but what is quarantined. */
  publishLoaded(
    indexText: string,
    bundle: StagedBundle,
    contents: Pick<SlotContents, 'slotOf'>,
    quarantined: ReadonlyMap<string, Quarantine>,
    part: Pick<Report, 'ruleHealth' | 'serverVersion'>,
  ): void {
    const entries = [...quarantined].map(([path, { hash, error }]) => ({ path, hash, error }));
    // A file that others stand or fall with holds back the whole index, and its own slot.
    const blockers = entries.filter(({ path }) => !this.#divisible(path));
    const blocking = blockers[0];
    const slots: Record<string, string> = {};
    for (const slot of bundle.slots) {
      const held = blockers.some(({ path }) => contents.slotOf(path) === slot.name);
      const shown = held ? this.#report.slots[slot.name] : slot.hash;
      if (shown !== undefined) slots[slot.name] = shown;
    }
    const hash = indexHash(indexText);
    const { error: _error, refusedIndexHash: _hash, ...rest } = this.#report;
    this.#report = rest;
    this.publish({
      ...part,
      slots,
      quarantined: entries,
      ...(blocking === undefined
        ? { indexHash: hash }
        : { error: `${blocking.path}: ${blocking.error}`, refusedIndexHash: hash }),
    });
  }
}
