import type { BitReader } from './bit-reader.ts';
import { readVarbitInt } from './varbit.ts';

/**
 * Decodes the optional start timestamps of XOR2 and of the histogram chunks with start timestamps. The header byte
 * says whether the first sample has one and from which sample on they are stored; 0 stands for none
 * (Prometheus tsdb/docs/format/chunks.md, "Start timestamp encoding").
 */
export class StartTimestampDecoder {
  private readonly firstKnown: boolean;
  private readonly changesOn: number;
  private start = 0;
  private difference = 0;

  constructor(header: number) {
    this.firstKnown = (header & 0x80) !== 0;
    this.changesOn = header & 0x7f;
  }

  /** Start timestamp of sample `index`, read right after the sample; `previous` is the timestamp before it. */
  next(reader: BitReader, index: number, timestamp: number, previous: number): number {
    if (index === 0) {
      if (this.firstKnown) this.start = timestamp - Number(reader.varint());
    } else if (this.changesOn > 0 && index >= this.changesOn) {
      const change = readVarbitInt(reader);
      this.difference = index === this.changesOn ? change : this.difference + change;
      this.start = previous - this.difference;
    }
    return this.start;
  }
}
