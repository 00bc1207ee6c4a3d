import type { Clock } from '../../../base/clock.ts';
import { CodedError } from '../../../base/errors.ts';
import type { Random } from '../../../base/random.ts';
import { type Bucket, getObject } from '../../bucket/bucket.ts';

const folder = 'promfleet/compactor/';
const maxLeaseBytes = 4096;

interface LeaseRecord {
  readonly holder: string;
  /** Milliseconds since the epoch, by the holder's clock. */
  readonly renewedMs: number;
  readonly released?: boolean;
}

export interface LeaseOptions {
  readonly bucket: Bucket;
  readonly clock: Clock;
  readonly random: Random;
  /** Age of the last renewal at which another may take over; several times the time between renewals. */
  readonly expiryMs: number;
}

/**
 * The right to change a bucket. Each takeover puts the next number with put-if-absent; only the highest number counts, so
 * a holder that was paused learns at its next look that it is no longer one. It cannot stop a write that is on its way:
 * what a late writer does must be harmless by itself. A store without put-if-absent serves one compactor only: a second
 * one is refused while the first is seen.
 */
export class Lease {
  private readonly options: LeaseOptions;
  private readonly holder: string;
  private number = 0;
  private conditional = true;

  constructor(options: LeaseOptions) {
    this.options = options;
    this.holder = Math.floor(options.random.next() * 2 ** 48)
      .toString(36)
      .padStart(10, '0');
  }

  /** Takes the lease, or raises `CompactorRunning` where another holds it. */
  async take(signal?: AbortSignal): Promise<void> {
    const { bucket, clock, expiryMs } = this.options;
    this.conditional = await this.probe(signal);
    const last = await this.last(signal);
    if (last !== undefined && last.record.holder !== this.holder && last.record.released !== true) {
      const ageMs = clock.nowMs() - last.record.renewedMs;
      if (ageMs < expiryMs)
        throw new CodedError(
          'CompactorRunning',
          `${bucket.description}: another compactor (${last.record.holder}) was seen ${Math.round(ageMs / 1000)} s ago`,
        );
    }
    this.number = (last?.number ?? 0) + 1;
    const taken = await this.write(this.number, signal);
    if (!taken)
      throw new CodedError('CompactorRunning', `${bucket.description}: another compactor was faster`);
    await this.tidy(signal);
  }

  /** Says that this compactor goes on; raises `CompactorRunning` where another took over. */
  async renew(signal?: AbortSignal): Promise<void> {
    const last = await this.last(signal);
    if (last === undefined || last.number !== this.number || last.record.holder !== this.holder)
      throw new CodedError(
        'CompactorRunning',
        `${this.options.bucket.description}: another compactor took over`,
      );
    await this.put(
      keyOf(this.number),
      { holder: this.holder, renewedMs: this.options.clock.nowMs() },
      signal,
    );
  }

  async release(): Promise<void> {
    const record = { holder: this.holder, renewedMs: this.options.clock.nowMs(), released: true };
    if ((await this.last())?.record.holder === this.holder) await this.put(keyOf(this.number), record);
  }

  /** Whether the store keeps an object that is there: a second put-if-absent of one key must not take. */
  private async probe(signal?: AbortSignal): Promise<boolean> {
    const { bucket } = this.options;
    const key = `${folder}probe-${this.holder}`;
    const bytes = new TextEncoder().encode(this.holder);
    try {
      await bucket.putIfAbsent(key, bytes, signal);
      return !(await bucket.putIfAbsent(key, bytes, signal));
    } catch (error) {
      if (error instanceof CodedError && error.code === 'BucketUnavailable') return false;
      throw error;
    } finally {
      await bucket.delete(key, signal);
    }
  }

  private async write(number: number, signal?: AbortSignal): Promise<boolean> {
    const { bucket, clock } = this.options;
    const record = { holder: this.holder, renewedMs: clock.nowMs() };
    if (!this.conditional) {
      await this.put(keyOf(number), record, signal);
      return (await this.last(signal))?.record.holder === this.holder;
    }
    return bucket.putIfAbsent(keyOf(number), encode(record), signal);
  }

  private put(key: string, record: LeaseRecord, signal?: AbortSignal): Promise<void> {
    return this.options.bucket.put(key, encode(record), signal);
  }

  private async last(signal?: AbortSignal): Promise<{ number: number; record: LeaseRecord } | undefined> {
    const { bucket } = this.options;
    const numbers = await this.numbers(signal);
    const number = numbers.at(-1);
    if (number === undefined) return undefined;
    const text = new TextDecoder().decode(await getObject(bucket, keyOf(number), maxLeaseBytes, signal));
    const record = parse(text);
    if (record !== undefined) return { number, record };
    // Damaged: whoever wrote it was there at that time.
    const renewedMs = (await bucket.head(keyOf(number), signal))?.modifiedMs ?? 0;
    return { number, record: { holder: 'unknown', renewedMs } };
  }

  private async numbers(signal?: AbortSignal): Promise<number[]> {
    const found: number[] = [];
    for await (const page of this.options.bucket.list(
      `${folder}lease-`,
      signal === undefined ? {} : { signal },
    ))
      for (const { key } of page.objects) found.push(Number(key.slice(`${folder}lease-`.length)));
    return found.filter(Number.isSafeInteger).sort((a, b) => a - b);
  }

  /** Old numbers go, but for the last few: a holder that wakes up must still see that it is not the last. */
  private async tidy(signal?: AbortSignal): Promise<void> {
    const numbers = await this.numbers(signal);
    for (const number of numbers.slice(0, -8)) await this.options.bucket.delete(keyOf(number), signal);
  }
}

function keyOf(number: number): string {
  return `${folder}lease-${String(number).padStart(12, '0')}`;
}

function parse(text: string): LeaseRecord | undefined {
  try {
    const record = JSON.parse(text) as Partial<LeaseRecord> | null;
    return typeof record?.holder === 'string' && Number.isFinite(record.renewedMs)
      ? (record as LeaseRecord)
      : undefined;
  } catch {
    return undefined;
  }
}

function encode(record: LeaseRecord): Uint8Array {
  return new TextEncoder().encode(`${JSON.stringify(record)}\n`);
}
