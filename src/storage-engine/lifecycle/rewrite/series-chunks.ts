import { CorruptDataError } from '../../../base/errors.ts';
import type { BlockInput } from './block-input.ts';
import { VarintReader } from './block-input.ts';

/** Chunks of one series from all inputs that have it, in columns that are used again for each series. */
export class SeriesChunks {
  input = new Uint32Array(1024);
  minTime = new Float64Array(1024);
  maxTime = new Float64Array(1024);
  reference = new Float64Array(1024);
  count = 0;
  private ascending = numbersBelow(1024);
  /** Whether each chunk begins after the one before has ended. */
  apart = true;

  clear(): void {
    this.count = 0;
    this.apart = true;
  }

  /** Adds the current series of an input. */
  add(input: BlockInput, number: number): void {
    const reader = new VarintReader(input.entry, input.listStart, input.listEnd);
    let maxTime = 0;
    let reference = 0;
    while (this.count + input.chunkCount > this.input.length) this.grow();
    let { count, apart } = this;
    let before = count === 0 ? Number.NEGATIVE_INFINITY : this.maxTime[count - 1]!;
    for (let i = 0; i < input.chunkCount; i++) {
      const minTime = i === 0 ? reader.nextSigned() : maxTime + reader.next();
      maxTime = minTime + reader.next();
      reference = i === 0 ? reader.next() : reference + reader.nextSigned();
      if (minTime <= before) apart = false;
      before = maxTime;
      this.input[count] = number;
      this.minTime[count] = minTime;
      this.maxTime[count] = maxTime;
      this.reference[count++] = reference;
    }
    if (reader.at !== input.listEnd || reference < 0)
      throw new CorruptDataError(input.name('index: a list of chunks does not end with its entry'));
    this.count = count;
    this.apart = apart;
  }

  private grow(): void {
    const size = this.input.length * 2;
    const [input, minTime, maxTime, reference] = [this.input, this.minTime, this.maxTime, this.reference];
    this.input = new Uint32Array(size);
    this.minTime = new Float64Array(size);
    this.maxTime = new Float64Array(size);
    this.reference = new Float64Array(size);
    this.input.set(input);
    this.minTime.set(minTime);
    this.maxTime.set(maxTime);
    this.reference.set(reference);
  }

  /** Numbers of all chunks in the order of time; valid until chunks are added. */
  byTime(): Uint32Array {
    while (this.ascending.length < this.count) this.ascending = numbersBelow(this.ascending.length * 2);
    const order = this.ascending.subarray(0, this.count);
    return this.apart ? order : order.slice().sort((a, b) => this.minTime[a]! - this.minTime[b]! || a - b);
  }
}

function numbersBelow(count: number): Uint32Array {
  const numbers = new Uint32Array(count);
  for (let i = 0; i < count; i++) numbers[i] = i;
  return numbers;
}
