import { LimitExceededError } from '../../base/errors.ts';

/** What one query may hold; every number a limit above which it fails. */
export interface QueryLimits {
  readonly maxSeries: number;
  readonly maxChunks: number;
  /** Samples that selectors bring in. */
  readonly maxSelectedSamples: number;
  /** Samples that evaluation holds at a time, as Prometheus counts them. */
  readonly maxSamples: number;
  readonly maxBytes: number;
}

export type Use = { readonly [member in 'series' | 'chunks' | 'samples' | 'bytes']?: number };

/** Memory that all queries of a process share, in bytes. */
export class MemoryPool {
  readonly totalBytes: number;
  #heldBytes = 0;

  constructor(totalBytes: number) {
    this.totalBytes = totalBytes;
  }

  get heldBytes(): number {
    return this.#heldBytes;
  }

  /** Takes bytes where there are so many left; they may be negative, which gives some back. */
  take(bytes: number): boolean {
    if (bytes > 0 && this.#heldBytes + bytes > this.totalBytes) return false;
    this.#heldBytes += bytes;
    return true;
  }
}

const action = 'Narrow the selectors or the time, or let the operator of this server raise the limit.';

/**
 * What one query has taken: checked against its own limits and the shared memory with each further part, before that part
 * is held. What was reserved before it was known exactly is corrected by the actual amount.
 */
export class QueryBudget {
  readonly #limits: QueryLimits;
  readonly #pool: MemoryPool;
  readonly #used = { series: 0, chunks: 0, samples: 0, bytes: 0 };
  #peakBytes = 0;
  #open = true;

  constructor(limits: QueryLimits, pool: MemoryPool) {
    this.#limits = limits;
    this.#pool = pool;
  }

  get used(): { readonly [member in 'series' | 'chunks' | 'samples' | 'bytes']: number } {
    return this.#used;
  }

  get peakBytes(): number {
    return this.#peakBytes;
  }

  get maxSamples(): number {
    return this.#limits.maxSamples;
  }

  /** Raises `LimitExceeded` and takes nothing where that is more than the query may hold. */
  take({ series = 0, chunks = 0, samples = 0, bytes = 0 }: Use): void {
    const { maxSeries, maxChunks, maxSelectedSamples, maxBytes } = this.#limits;
    check('series', this.#used.series + series, maxSeries);
    check('chunks', this.#used.chunks + chunks, maxChunks);
    check('samples', this.#used.samples + samples, maxSelectedSamples);
    check('bytes of memory', this.#used.bytes + bytes, maxBytes);
    // One that was released goes on until it notices its end: it holds nothing any more.
    if (!this.#open) return;
    if (!this.#pool.take(bytes))
      throw new LimitExceededError(
        `the query needs ${bytes} bytes more, and all queries together hold ${this.#pool.heldBytes} of the ${this.#pool.totalBytes} bytes that they may`,
        { action: 'Try again when others have ended, or narrow the selectors or the time.' },
      );
    this.#used.series += series;
    this.#used.chunks += chunks;
    this.#used.samples += samples;
    this.#used.bytes += bytes;
    this.#peakBytes = Math.max(this.#peakBytes, this.#used.bytes);
  }

  /** Gives back what a reservation was too much by; negative where it was too little, which may raise as `take` does. */
  correct(reserved: Use, actual: Use): void {
    this.take({
      series: (actual.series ?? 0) - (reserved.series ?? 0),
      chunks: (actual.chunks ?? 0) - (reserved.chunks ?? 0),
      samples: (actual.samples ?? 0) - (reserved.samples ?? 0),
      bytes: (actual.bytes ?? 0) - (reserved.bytes ?? 0),
    });
  }

  /** The query has ended. */
  release(): void {
    if (!this.#open) return;
    this.#open = false;
    this.#pool.take(-this.#used.bytes);
  }
}

function check(what: string, wanted: number, limit: number): void {
  if (wanted > limit)
    throw new LimitExceededError(`the query would hold ${wanted} ${what}, more than the ${limit} it may`, {
      action,
    });
}
