import type { Labels } from './labels.ts';

const mask = 0xffffffffffffffffn;
const p1 = 0x9e3779b185ebca87n;
const p2 = 0xc2b2ae3d27d4eb4fn;
const p3 = 0x165667b19e3779f9n;
const p4 = 0x85ebca77c2b2ae63n;
const p5 = 0x27d4eb2f165667c5n;

const rotate = (x: bigint, by: bigint) => ((x << by) | (x >> (64n - by))) & mask;
const multiply = (a: bigint, b: bigint) => (a * b) & mask;

function round(accumulator: bigint, lane: bigint): bigint {
  return multiply(rotate((accumulator + multiply(lane, p2)) & mask, 31n), p1);
}

/** XXH64 with seed 0 (xxHash specification). */
export function xxhash64(input: Uint8Array): bigint {
  const view = new DataView(input.buffer, input.byteOffset, input.byteLength);
  const lane64 = (at: number) => view.getBigUint64(at, true);
  let at = 0;
  let hash: bigint;
  if (input.length >= 32) {
    const lanes = [(p1 + p2) & mask, p2, 0n, (mask + 1n - p1) & mask];
    for (; at + 32 <= input.length; at += 32) {
      for (let i = 0; i < 4; i++) lanes[i] = round(lanes[i]!, lane64(at + 8 * i));
    }
    const [a, b, c, d] = lanes as [bigint, bigint, bigint, bigint];
    hash = (rotate(a, 1n) + rotate(b, 7n) + rotate(c, 12n) + rotate(d, 18n)) & mask;
    for (const lane of [a, b, c, d]) hash = (multiply(hash ^ round(0n, lane), p1) + p4) & mask;
  } else {
    hash = p5;
  }
  hash = (hash + BigInt(input.length)) & mask;
  for (; at + 8 <= input.length; at += 8) {
    hash = (multiply(rotate(hash ^ round(0n, lane64(at)), 27n), p1) + p4) & mask;
  }
  if (at + 4 <= input.length) {
    hash = (multiply(rotate(hash ^ multiply(BigInt(view.getUint32(at, true)), p1), 23n), p2) + p3) & mask;
    at += 4;
  }
  for (; at < input.length; at++) hash = multiply(rotate(hash ^ multiply(BigInt(input[at]!), p5), 11n), p1);
  hash = multiply(hash ^ (hash >> 33n), p2);
  hash = multiply(hash ^ (hash >> 29n), p3);
  return hash ^ (hash >> 32n);
}

const shares = new WeakMap<Labels, number>();

/**
 * Where the hash of a set of labels lies between 0 and 1: what limit_ratio selects by. The bytes are those of
 * Prometheus's labels in one string: each text after its length, in one byte below 255, else 255 and three bytes.
 */
export function labelsHashShare(labels: Labels): number {
  let share = shares.get(labels);
  if (share === undefined) {
    const parts = labels.pairs.flatMap((text) => {
      const bytes = Buffer.from(text);
      const { length } = bytes;
      const size = length < 255 ? [length] : [255, length & 255, (length >> 8) & 255, (length >> 16) & 255];
      return [Buffer.from(size), bytes];
    });
    share = Number(xxhash64(Buffer.concat(parts))) / 2 ** 64;
    shares.set(labels, share);
  }
  return share;
}
