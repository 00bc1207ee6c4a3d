import type { Clock } from '../../base/clock.ts';
import { CodedError, describeError } from '../../base/errors.ts';
import { limits } from '../../base/limits.ts';
import type { Logger } from '../../base/log.ts';
import { BlockCatalog } from '../../storage-engine/block/block-catalog.ts';
import { BlockStore, type KnownBlock } from '../../storage-engine/block/block-store.ts';
import { scanBucket } from '../../storage-engine/block/bucket-scan.ts';
import type { Bucket } from '../../storage-engine/bucket/bucket.ts';
import type { RetentionDocument } from '../../storage-engine/format/retention-document.ts';
import type {
  ErasureReport,
  PolicyReport,
  RetentionOrder,
  RetentionPreview,
  RetentionReport,
} from '../../storage-engine/format/retention-report.ts';
import { previewPolicy } from '../../storage-engine/lifecycle/preview.ts';
import { coverageOfMetas } from '../../storage-engine/retention/coverage.ts';
import { erasureProgress } from '../../storage-engine/retention/erasure-state.ts';
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
/** Time between two attempts, and between looks at what has become of an order. */
const stepMs = 5_000;

/**
 * Brings what a stack orders into its bucket, and tells how far it is: the document at once, figures of policies and the
 * state of erasures from the blocks.
 */
export class RetentionAgent {
  readonly #ports: RetentionAgentPorts;
  readonly #catalog: BlockCatalog;
  readonly #store: BlockStore;
  #order: RetentionOrder | undefined;
  #stored: { readonly document: RetentionDocument; readonly order: RetentionOrder } | undefined;
  #reckoned:
    | { readonly order: RetentionOrder; readonly atMs: number; readonly policies: readonly PolicyReport[] }
    | undefined;

  constructor(ports: RetentionAgentPorts) {
    this.#ports = ports;
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
    const isDue = this.#reckoned?.order !== order || clock.monotonicMs() - this.#reckoned.atMs >= figuresMs;
    if (!isDue && document.erasures.length === 0) return;
    const { blocks } = await this.#catalog.blocks(Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY);
    if (isDue) {
      const policies = await this.#figures(order, blocks, signal);
      this.#reckoned = { order, atMs: clock.monotonicMs(), policies };
    }
    this.#tell({
      erasures: await this.#erasures(document, signal),
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

  async #erasures(document: RetentionDocument, signal: AbortSignal): Promise<ErasureReport[]> {
    if (document.erasures.length === 0) return [];
    const { bucket, clock } = this.#ports;
    const blocks = (await scanBucket(bucket, { signal })).flatMap(({ meta, marks }) =>
      meta === undefined
        ? []
        : [{ meta, marked: marks.some(({ kind }) => kind === 'deletion'), lacks: new Set<string>() }],
    );
    // A reader looks every so often, and answers nothing on what is older than that.
    const hiddenFromMs = () => document.writtenAtMs + limits.retentionMaxAgeMs;
    return erasureProgress(document.erasures, { blocks, servers: [], hiddenFromMs }, clock.nowMs()).map(
      ({ id, state, blocks: left, marked }) => ({
        id,
        hidden: state !== 'Pending',
        blocksLeft: left.length,
        markedLeft: marked.length,
      }),
    );
  }

  #tell(parts: Pick<RetentionReport, 'erasures' | 'policies' | 'error'>): void {
    const ordered = this.#stored?.order.document.generation ?? 0;
    this.#ports.report(JSON.stringify({ formatVersion: 1, ordered, ...parts } satisfies RetentionReport));
  }
}
