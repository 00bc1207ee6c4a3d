import type { Clock } from '../../base/clock.ts';
import { CodedError, describeError } from '../../base/errors.ts';
import { limits } from '../../base/limits.ts';
import type { Logger } from '../../base/log.ts';
import { BlockCatalog } from '../../storage-engine/block/block-catalog.ts';
import { BlockStore, type KnownBlock } from '../../storage-engine/block/block-store.ts';
import type { Bucket } from '../../storage-engine/bucket/bucket.ts';
import type { RetentionDocument } from '../../storage-engine/format/retention-document.ts';
import type {
  ErasureReport,
  PolicyReport,
  RetentionOrder,
  RetentionPreview,
  RetentionReport,
} from '../../storage-engine/format/retention-report.ts';
import { BucketView } from '../../storage-engine/lifecycle/compactor/bucket-view.ts';
import { readLooked } from '../../storage-engine/lifecycle/compactor/looked-blocks.ts';
import { type Looked, retentionsOf } from '../../storage-engine/lifecycle/plan/rewrites.ts';
import { previewPolicy } from '../../storage-engine/lifecycle/preview.ts';
import { coverageOfMetas } from '../../storage-engine/retention/coverage.ts';
import { type ErasableBlock, erasureProgress } from '../../storage-engine/retention/erasure-state.ts';
import { Retention } from '../../storage-engine/retention/retention.ts';
import { publishRetention } from '../../storage-engine/retention/retention-store.ts';

export interface RetentionAgentPorts {
  readonly bucket: Bucket;
  readonly clock: Clock;
  readonly log: Logger;
  /** Takes the text of the newest report. */
  readonly report: (text: string) => void;
}

/** How often the figures of a report are reckoned anew, without a change of the order. */
const figuresMs = 10 * 60_000;
/** The same where a policy has chunks read for it. */
const exactMs = 24 * 60 * 60_000;
/** How often it is looked how far erasures are. */
const erasureLookMs = 60_000;
/** Age from which on a folder without meta.json is the rest of a block, which may hold anything. */
const restMs = 60 * 60_000;
/** Time between two attempts, and between looks at what has become of an order. */
const stepMs = 5_000;

interface Stored {
  readonly document: RetentionDocument;
  readonly order: RetentionOrder;
}

/** Blocks of the bucket that the document concerns, and what is left of blocks; what cannot be read may hold anything. */
function erasableBlocks(
  view: BucketView,
  retention: Retention,
  looked: ReadonlyMap<string, Looked>,
  nowMs: number,
): ErasableBlock[] {
  const unknown = (ulid: string, marked: boolean): ErasableBlock => ({
    ulid,
    minTime: Number.NEGATIVE_INFINITY,
    erasures: [],
    marked,
    lacks: new Set(),
  });
  return [
    ...view.blocks
      .filter((block) => retentionsOf([retention], block).length > 0)
      .map(({ ulid, minTime, folded, marks }) => ({
        ulid,
        minTime,
        erasures: folded.erasures,
        marked: marks.deletion,
        lacks: new Set(looked.get(ulid)?.lacks),
      })),
    ...[...view.faults.keys()].map((ulid) => unknown(ulid, false)),
    ...[...view.folders.values()]
      .filter(({ metaMs, newestMs }) => metaMs === undefined && nowMs - newestMs > restMs)
      .map(({ ulid }) => unknown(ulid, true)),
  ];
}

/**
 * Brings what a stack orders into its bucket, and tells how far it is: the document at once, figures of policies and the
 * state of erasures from the blocks.
 */
export class RetentionAgent {
  readonly #ports: RetentionAgentPorts;
  readonly #catalog: BlockCatalog;
  readonly #store: BlockStore;
  #order: RetentionOrder | undefined;
  #stored: Stored | undefined;
  readonly #view: BucketView;
  #looked:
    | {
        readonly document: RetentionDocument;
        readonly atMs: number;
        readonly erasures: readonly ErasureReport[];
      }
    | undefined;
  /** Since when nothing in the bucket and no server holds an erasure, as far as this process saw. */
  readonly #clearFromMs = new Map<string, number>();
  #reckoned:
    | { readonly order: RetentionOrder; readonly atMs: number; readonly policies: readonly PolicyReport[] }
    | undefined;

  constructor(ports: RetentionAgentPorts) {
    this.#ports = ports;
    this.#view = new BucketView(ports.bucket, { replicaLabels: [], consistencyDelayMs: 0 });
    this.#catalog = new BlockCatalog(ports.bucket, ports.clock);
    this.#store = new BlockStore({
      bucket: ports.bucket,
      budgetBytes: limits.previewMemoryBytes,
      pause: () => undefined,
    });
  }

  /** A new order; undefined while there is none. */
  ordered(order: RetentionOrder | undefined): void {
    this.#order = order;
  }

  async run(signal: AbortSignal): Promise<void> {
    const { clock, log } = this.#ports;
    while (!signal.aborted) {
      try {
        await this.step(signal);
      } catch (error) {
        if (signal.aborted) return;
        if (!(error instanceof CodedError)) throw error;
        log.warn({ error: describeError(error) }, 'retention waits');
        this.#tell({ erasures: [], policies: this.#reckoned?.policies ?? [], error: describeError(error) });
      }
      await clock.sleep(stepMs, signal).catch(() => undefined);
    }
  }

  /** One look: the document into the bucket, then the report. */
  async step(signal: AbortSignal): Promise<void> {
    const order = this.#order;
    if (order === undefined) return;
    const { bucket, clock } = this.#ports;
    if (this.#stored?.order !== order) {
      this.#stored = { document: await publishRetention(bucket, order.document), order };
      // Told before the figures, which take their time.
      this.#tell({ erasures: [], policies: this.#reckoned?.policies ?? [] });
    }
    const { document } = this.#stored;
    const stored = this.#stored;
    const everyMs = order.previews.some(({ exact }) => exact) ? exactMs : figuresMs;
    const isDue = this.#reckoned?.order !== order || clock.monotonicMs() - this.#reckoned.atMs >= everyMs;
    if (!isDue && document.erasures.length === 0) return;
    if (isDue) {
      const { blocks } = await this.#catalog.blocks(Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY);
      const policies = await this.#figures(order, blocks, signal);
      this.#reckoned = { order, atMs: clock.monotonicMs(), policies };
    }
    this.#tell({
      erasures: await this.#erasures(stored, signal),
      policies: this.#reckoned?.policies ?? [],
    });
  }

  async #figures(
    order: RetentionOrder,
    blocks: readonly KnownBlock[],
    signal: AbortSignal,
  ): Promise<PolicyReport[]> {
    const coverage = coverageOfMetas(blocks.map(({ meta }) => meta));
    const enforced = order.document.policies.map(
      (rules): RetentionPreview => ({ ...rules, erase: [], exact: false }),
    );
    const reports: PolicyReport[] = [];
    for (const policy of [...enforced, ...order.previews])
      reports.push(
        await previewPolicy(policy, order.document, {
          store: this.#store,
          blocks,
          coverage,
          nowMs: this.#ports.clock.nowMs(),
          signal,
        }),
      );
    return reports;
  }

  /** How far erasures are; looked at seldom once nothing that can be reached holds any of them. */
  async #erasures({ document, order }: Stored, signal: AbortSignal): Promise<readonly ErasureReport[]> {
    if (document.erasures.length === 0) return [];
    const { bucket, clock } = this.#ports;
    const [nowMs, monotonicMs] = [clock.nowMs(), clock.monotonicMs()];
    const last = this.#looked;
    const isSettled = last?.erasures.every(({ purgedAtMs }) => purgedAtMs !== undefined) === true;
    if (last?.document === document && monotonicMs - last.atMs < (isSettled ? figuresMs : erasureLookMs))
      return last.erasures;
    await this.#view.refresh(signal);
    const looked = await readLooked(bucket, signal);
    const found = erasableBlocks(this.#view, new Retention(document), looked, nowMs);
    const servers = { count: order.servers?.count ?? 0, holdMs: order.servers?.holdMs };
    // A reader looks every so often, and answers nothing on what is older than that.
    const hiddenFromMs = () => document.writtenAtMs + limits.retentionMaxAgeMs;
    const progress = erasureProgress(document.erasures, { blocks: found, servers, hiddenFromMs }, nowMs);
    const erasures = progress.map(
      ({ id, isHidden, isClear, blocks, marked, servers: left }): ErasureReport => {
        if (!isClear) this.#clearFromMs.delete(id);
        else if (!this.#clearFromMs.has(id)) this.#clearFromMs.set(id, nowMs);
        const fromMs = this.#clearFromMs.get(id);
        return {
          id,
          hidden: isHidden,
          blocksLeft: blocks.length,
          markedLeft: marked.length,
          serversLeft: left,
          // Readers forget what they held of blocks that are gone with one of their next looks at the bucket.
          ...(fromMs !== undefined &&
            nowMs - fromMs >= limits.erasureCacheMs && { purgedAtMs: fromMs + limits.erasureCacheMs }),
        };
      },
    );
    this.#looked = { document, atMs: monotonicMs, erasures };
    return erasures;
  }

  #tell(parts: Pick<RetentionReport, 'erasures' | 'policies' | 'error'>): void {
    const ordered = this.#stored?.order.document.generation ?? 0;
    this.#ports.report(JSON.stringify({ formatVersion: 1, ordered, ...parts } satisfies RetentionReport));
  }
}
