import type { Clock } from '../../base/clock.ts';
import { CodedError, describeError } from '../../base/errors.ts';
import { limits } from '../../base/limits.ts';
import { type Bucket, getObject } from '../bucket/bucket.ts';
import {
  type Erasure,
  parseRetentionDocument,
  printRetentionDocument,
  type RetentionDocument,
} from '../format/retention-document.ts';
import { Retention } from './retention.ts';

/** Objects of ours beside the blocks; Thanos takes no notice of folders that are no ULIDs. */
const folder = 'promfleet/retention/';

/** Key of a stack's document; `stack` is `namespace/name`. */
export function retentionKey(stack: string): string {
  return `${folder}${encodeURIComponent(stack)}.json`;
}

interface Known {
  /** Of the object; the same one is not read again. */
  readonly version: string;
  readonly retention: Retention;
}

/**
 * The retention documents of a bucket for readers. They are looked at again every `limits.retentionRefreshMs`; where that
 * fails for longer than `limits.retentionMaxAgeMs` nothing is answered, as erased series could be shown.
 */
export class RetentionStore {
  readonly #bucket: Bucket;
  readonly #clock: Clock;
  #known = new Map<string, Known>();
  #readMs = Number.NEGATIVE_INFINITY;
  #triedMs = Number.NEGATIVE_INFINITY;
  #reading: Promise<void> | undefined;
  #failure: unknown;

  constructor(bucket: Bucket, clock: Clock) {
    this.#bucket = bucket;
    this.#clock = clock;
  }

  /** What is in force, in the order of the keys. Raises `RetentionUnknown`. */
  async current(): Promise<readonly Retention[]> {
    const nowMs = this.#clock.monotonicMs();
    if (nowMs - this.#triedMs >= limits.retentionRefreshMs) await this.refresh();
    if (this.#clock.monotonicMs() - this.#readMs > limits.retentionMaxAgeMs)
      throw new CodedError(
        'RetentionUnknown',
        `${this.#bucket.description}: retention documents could not be read for ${limits.retentionMaxAgeMs / 1000} s: ${describeError(this.#failure)}`,
        { cause: this.#failure },
      );
    return this.lastKnown;
  }

  /** What was read last, however long ago. */
  get lastKnown(): readonly Retention[] {
    return [...this.#known.values()].map(({ retention }) => retention);
  }

  /** Changes with every change of a document: a part of cache keys. */
  get generation(): string {
    return [...this.#known.values()]
      .map(({ retention: { document } }) => `${document.stack}=${document.generation}`)
      .join();
  }

  /** Looks now. Calls at the same time share one look; a failure is kept for `current` to judge. */
  refresh(): Promise<void> {
    this.#reading ??= this.#read()
      .then(
        () => {
          this.#failure = undefined;
        },
        (error: unknown) => {
          this.#failure = error;
        },
      )
      .finally(() => {
        this.#triedMs = this.#clock.monotonicMs();
        this.#reading = undefined;
      });
    return this.#reading;
  }

  async #read(): Promise<void> {
    const startedMs = this.#clock.monotonicMs();
    const next = new Map<string, Known>();
    for await (const page of this.#bucket.list(folder)) {
      for (const { key, sizeBytes, modifiedMs } of page.objects) {
        if (!key.endsWith('.json')) continue;
        if (next.size >= limits.retentionDocuments)
          throw new CodedError(
            'LimitExceeded',
            `${this.#bucket.description}: more than ${limits.retentionDocuments} objects below ${folder}`,
          );
        const version = `${sizeBytes} ${modifiedMs}`;
        const known = this.#known.get(key);
        // A store may tell time in whole seconds: what was written in the last two is read again.
        const isSettled = this.#clock.nowMs() - modifiedMs > 2000;
        if (known?.version === version && isSettled) next.set(key, known);
        else next.set(key, { version, retention: new Retention(await readDocument(this.#bucket, key)) });
      }
    }
    this.#known = next;
    this.#readMs = startedMs;
  }
}

async function readDocument(bucket: Bucket, key: string): Promise<RetentionDocument> {
  const bytes = await getObject(bucket, key, limits.retentionDocumentBytes);
  return parseRetentionDocument(new TextDecoder().decode(bytes), `${bucket.description}: ${key}`);
}

/**
 * Brings a stack's document into the bucket; one writer a stack. Erasures that the bucket has stay in it whatever the new
 * document says, with their first time. Returns what the bucket then holds; nothing is written where it holds that already.
 */
export async function publishRetention(
  bucket: Bucket,
  document: RetentionDocument,
): Promise<RetentionDocument> {
  const key = retentionKey(document.stack);
  let stored: RetentionDocument | undefined;
  try {
    stored = await readDocument(bucket, key);
  } catch (error) {
    if (!(error instanceof CodedError && error.code === 'ObjectNotFound')) throw error;
  }
  const merged: RetentionDocument = {
    ...document,
    // A stack that was made anew counts from 1 again; readers must see a change.
    generation: Math.max(document.generation, stored?.generation ?? 0),
    erasures: mergeErasures(stored?.erasures ?? [], document.erasures),
  };
  if (stored !== undefined && sameContent(stored, merged)) return stored;
  const written =
    stored !== undefined && merged.generation <= stored.generation
      ? { ...merged, generation: stored.generation + 1 }
      : merged;
  await bucket.put(key, new TextEncoder().encode(printRetentionDocument(written)));
  return written;
}

function mergeErasures(stored: readonly Erasure[], asked: readonly Erasure[]): readonly Erasure[] {
  const known = new Set(stored.map(({ id }) => id));
  return [...stored, ...asked.filter(({ id }) => !known.has(id))];
}

function sameContent(a: RetentionDocument, b: RetentionDocument): boolean {
  const content = ({ stack, scope, defaultKeep, policies, erasures }: RetentionDocument) =>
    JSON.stringify([
      stack,
      Object.entries(scope).sort(),
      defaultKeep,
      policies,
      erasures.map(({ id }) => id).sort(),
    ]);
  return content(a) === content(b);
}
