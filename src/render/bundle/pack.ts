/**
 * Which file lies in which slot. Placement is state: it is read back from the live slots, and a file stays where
 * it is until it is removed or no longer fits, so that a change touches as few slots as possible. Equal placement and
 * equal changes give equal slots.
 *
 * New files go to the first slot that stays below `limits.bundleSlotTargetBytes` (an unused slot has room for any
 * file), and once all slots are that full, to the emptiest one below `limits.bundleSlotBytes`.
 */
import { deflateRawSync } from 'node:zlib';
import { assert } from '../../base/assert.ts';
import { describeError } from '../../base/errors.ts';
import { limits } from '../../base/limits.ts';
import { isBundlePath } from './bundle-path.ts';
import { type BundleFile, compareText, decodeSlot, type EncodedSlot, encodeSlot } from './slot.ts';

export interface PackedSlot extends EncodedSlot {
  readonly name: string;
  readonly files: ReadonlyMap<string, BundleFile>;
  /** Unpacked size of the files. */
  readonly textBytes: number;
}

/** Slots in use by name; a slot without files is not in it. */
export type Packing = ReadonlyMap<string, PackedSlot>;

export const emptyPacking: Packing = new Map();

export interface PackChange {
  /** Files to add or replace. */
  readonly put: Iterable<BundleFile>;
  /** Paths to drop; unknown ones are ignored. */
  readonly remove: Iterable<string>;
}

export interface PackResult {
  readonly packing: Packing;
  /** Slots to write, sorted. */
  readonly changed: readonly string[];
  /** Slots that lost their last file, sorted: delete them after the index no longer names them. */
  readonly emptied: readonly string[];
  /** Files that did not fit, sorted by path; an older content of the same path stays in place. */
  readonly refused: readonly { readonly path: string; readonly error: string }[];
}

export interface RecoveredPacking {
  readonly packing: Packing;
  readonly changed: readonly string[];
  readonly damaged: readonly { readonly name: string; readonly error: string }[];
}

/**
 * Reads the placement back from the live objects, one at a step. A file that two slots hold (a move that was cut short) stays in the
 * first by `slotNames`; slots that lost a copy that way are in `changed`. Slots that cannot be read are in `damaged`
 * and count as unused: their files are placed anew.
 */
export function* recoverSteps(
  live: Iterable<{ readonly name: string; readonly bytes: Uint8Array }>,
  slotNames: readonly string[],
): Generator<undefined, RecoveredPacking> {
  const order = new Map(slotNames.map((name, position) => [name, position]));
  const known = [...live].filter(({ name }) => order.has(name));
  known.sort((a, b) => order.get(a.name)! - order.get(b.name)!);
  const packing = new Map<string, PackedSlot>();
  const damaged: { name: string; error: string }[] = [];
  const changed: string[] = [];
  const seen = new Set<string>();
  for (const { name, bytes } of known) {
    try {
      const { files, hash } = decodeSlot(bytes);
      const own = new Map(files.filter(({ path }) => !seen.has(path)).map((file) => [file.path, file]));
      for (const path of own.keys()) seen.add(path);
      if (own.size < files.length || files.length === 0) changed.push(name);
      if (own.size === 0) continue;
      const encoded = own.size === files.length ? { hash, bytes } : encodeSlot(own.values());
      packing.set(name, { name, files: own, textBytes: textBytesOf(own.values()), ...encoded });
    } catch (error) {
      damaged.push({ name, error: describeError(error) });
    }
    yield;
  }
  return { packing, changed, damaged };
}

/** Applies a change and encodes only the slots that it touches. */
export function pack(previous: Packing, change: PackChange, slotNames: readonly string[]): PackResult {
  return finish(packSteps(previous, change, slotNames));
}

/** `recoverSteps` at once. */
export function recoverPacking(...parts: Parameters<typeof recoverSteps>): RecoveredPacking {
  return finish(recoverSteps(...parts));
}

function finish<T>(steps: Generator<undefined, T>): T {
  for (;;) {
    const { done, value } = steps.next();
    if (done === true) return value;
  }
}

/** As `pack`, in steps: one places one file or encodes one slot, so that a large change does not hold the thread. */
export function* packSteps(
  previous: Packing,
  change: PackChange,
  slotNames: readonly string[],
): Generator<undefined, PackResult> {
  const work = new Work(previous, slotNames);
  for (const path of change.remove) work.remove(path);
  const refused: { path: string; error: string }[] = [];
  for (const file of [...change.put].sort((a, b) => compareText(a.path, b.path))) {
    const error = work.put(file);
    if (error !== undefined) refused.push({ path: file.path, error });
    yield;
  }
  return { ...(yield* work.finish()), refused };
}

/** The change that turns the packed files into exactly `desired`. */
export function changeTo(previous: Packing, desired: Iterable<BundleFile>): PackChange {
  const put = new Map([...desired].map((file) => [file.path, file]));
  const remove: string[] = [];
  for (const slot of previous.values()) {
    for (const [path, file] of slot.files) {
      const wanted = put.get(path);
      if (wanted === undefined) remove.push(path);
      else if (sameFile(wanted, file)) put.delete(path);
    }
  }
  return { put: put.values(), remove };
}

/** The slot that holds `path`, or undefined. Cost: one lookup per slot. */
export function slotOf(packing: Packing, path: string): PackedSlot | undefined {
  for (const slot of packing.values()) if (slot.files.has(path)) return slot;
  return undefined;
}

/** A slot under construction; the sizes are upper estimates until it is encoded. */
interface Draft {
  readonly files: Map<string, BundleFile>;
  sizeBytes: number;
  textBytes: number;
}

class Work {
  readonly #previous: Packing;
  readonly #slotNames: readonly string[];
  /** Slots that this change touches. */
  readonly #drafts = new Map<string, Draft>();
  /** [gzipped bytes, text bytes] of every slot, in slot order. */
  readonly #sizes: Map<string, readonly [number, number]>;

  constructor(previous: Packing, slotNames: readonly string[]) {
    for (const name of previous.keys())
      assert(slotNames.includes(name), `slot ${name} is not of this bundle`);
    this.#previous = previous;
    this.#slotNames = slotNames;
    this.#sizes = new Map(
      slotNames.map((name) => {
        const slot = previous.get(name);
        return [name, slot === undefined ? [0, 0] : [slot.bytes.length, slot.textBytes]];
      }),
    );
    for (const name of previous.keys()) assert(this.#sizes.has(name), `slot ${name} is not of this bundle`);
  }

  remove(path: string): void {
    const name = this.#find(path);
    if (name !== undefined) this.#take(name, path);
  }

  /** Returns why the file cannot be placed, or undefined. */
  put(file: BundleFile): string | undefined {
    if (!isBundlePath(file.path)) return 'its path is too long for a file system, or no plain relative path';
    const textBytes = textBytesOf([file]);
    if (textBytes > limits.bundleFileBytes)
      return `the file has ${textBytes} bytes, at most ${limits.bundleFileBytes} fit`;
    const holder = this.#find(file.path);
    const old = holder === undefined ? undefined : this.#filesOf(holder).get(file.path)!;
    if (old !== undefined && sameFile(old, file)) return undefined;
    const sizeBytes = packedBytes(file);
    if (holder !== undefined) this.#take(holder, file.path);
    const target =
      holder !== undefined && this.#fits(holder, sizeBytes, textBytes, fillBytes)
        ? holder
        : this.#choose(sizeBytes, textBytes);
    if (target === undefined) {
      if (holder !== undefined) this.#add(holder, old!, packedBytes(old!), textBytesOf([old!]));
      return sizeBytes > fillBytes
        ? `the file has ${sizeBytes} bytes when packed, at most ${fillBytes} fit`
        : `no slot has room for its ${sizeBytes} packed bytes`;
    }
    this.#add(target, file, sizeBytes, textBytes);
    return undefined;
  }

  *finish(): Generator<undefined, Omit<PackResult, 'refused'>> {
    const packing = new Map<string, PackedSlot>();
    const changed: string[] = [];
    const emptied: string[] = [];
    for (const name of this.#slotNames) {
      const before = this.#previous.get(name);
      const draft = this.#drafts.get(name);
      if (draft === undefined) {
        if (before !== undefined) packing.set(name, before);
      } else if (draft.files.size === 0) {
        if (before !== undefined) emptied.push(name);
      } else {
        const encoded = encodeSlot(draft.files.values());
        yield;
        if (encoded.hash === before?.hash) {
          packing.set(name, before);
        } else {
          packing.set(name, { name, files: draft.files, textBytes: draft.textBytes, ...encoded });
          changed.push(name);
        }
      }
    }
    return { packing, changed, emptied };
  }

  #find(path: string): string | undefined {
    for (const [name, draft] of this.#drafts) if (draft.files.has(path)) return name;
    for (const [name, slot] of this.#previous) {
      if (!this.#drafts.has(name) && slot.files.has(path)) return name;
    }
    return undefined;
  }

  #filesOf(name: string): ReadonlyMap<string, BundleFile> {
    return this.#drafts.get(name)?.files ?? this.#previous.get(name)?.files ?? new Map();
  }

  #draft(name: string): Draft {
    let draft = this.#drafts.get(name);
    if (draft === undefined) {
      const [sizeBytes, textBytes] = this.#sizes.get(name)!;
      draft = { files: new Map(this.#previous.get(name)?.files), sizeBytes, textBytes };
      this.#drafts.set(name, draft);
    }
    return draft;
  }

  #take(name: string, path: string): void {
    const draft = this.#draft(name);
    const file = draft.files.get(path)!;
    draft.files.delete(path);
    draft.sizeBytes = draft.files.size === 0 ? 0 : Math.max(0, draft.sizeBytes - packedBytes(file));
    draft.textBytes -= textBytesOf([file]);
    this.#sizes.set(name, [draft.sizeBytes, draft.textBytes]);
  }

  #add(name: string, file: BundleFile, sizeBytes: number, textBytes: number): void {
    const draft = this.#draft(name);
    draft.files.set(file.path, file);
    draft.sizeBytes += sizeBytes;
    draft.textBytes += textBytes;
    this.#sizes.set(name, [draft.sizeBytes, draft.textBytes]);
  }

  #fits(name: string, sizeBytes: number, textBytes: number, boundBytes: number): boolean {
    const [usedBytes, usedTextBytes] = this.#sizes.get(name)!;
    return usedBytes + sizeBytes <= boundBytes && usedTextBytes + textBytes <= limits.bundleSlotTextBytes / 2;
  }

  #choose(sizeBytes: number, textBytes: number): string | undefined {
    let emptiest: string | undefined;
    for (const name of this.#slotNames) {
      const unused = this.#sizes.get(name)![0] === 0;
      const boundBytes = unused ? fillBytes : limits.bundleSlotTargetBytes;
      if (this.#fits(name, sizeBytes, textBytes, boundBytes)) return name;
      if (!this.#fits(name, sizeBytes, textBytes, fillBytes)) continue;
      if (emptiest === undefined || this.#sizes.get(name)![0] < this.#sizes.get(emptiest)![0])
        emptiest = name;
    }
    return emptiest;
  }
}

/** Slots are filled to seven eighths: files packed together may take a little more than each by itself. */
const fillBytes = (limits.bundleSlotBytes / 8) * 7;

/** Whether a slot of its own has room for the file. */
export function fitsBundle(file: BundleFile): boolean {
  return textBytesOf([file]) <= limits.bundleFileBytes && packedBytes(file) <= fillBytes;
}

/** Files are never changed, and packing a large one takes tens of milliseconds. */
const packedSizes = new WeakMap<BundleFile, number>();

/** Packed size of a file by itself: close to an upper bound of what it adds to a slot. */
function packedBytes(file: BundleFile): number {
  const known = packedSizes.get(file);
  if (known !== undefined) return known;
  const { length } = deflateRawSync(JSON.stringify(file), { level: 6 });
  if (file.content.length >= rememberedChars) packedSizes.set(file, length);
  return length;
}

/** Files of this size have their packed size remembered. */
const rememberedChars = 64 * 1024;

function textBytesOf(files: Iterable<BundleFile>): number {
  let sum = 0;
  for (const { path, content } of files) sum += path.length + Buffer.byteLength(content) + 32;
  return sum;
}

function sameFile(a: BundleFile, b: BundleFile): boolean {
  if (a.content !== b.content) return false;
  const [left, right] = [Object.entries(a.meta ?? {}), b.meta ?? {}];
  return left.length === Object.keys(right).length && left.every(([key, value]) => right[key] === value);
}
