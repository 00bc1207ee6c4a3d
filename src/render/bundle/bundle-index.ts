/** The index of a bundle: JSON `{formatVersion, slots: [{kind, name, hash}]}`, slots sorted by kind and name. */
import { CorruptDataError } from '../../base/errors.ts';
import { limits } from '../../base/limits.ts';
import { checkFormatVersion, compareText, parseJsonObject, sha256Hex } from './slot.ts';

export const indexFormatVersion = 1;

export type SlotKind = 'ConfigMap' | 'Secret';

export interface IndexSlot {
  readonly kind: SlotKind;
  readonly name: string;
  /** Hash of the slot's content as `encodeSlot` gives it. */
  readonly hash: string;
}

export interface BundleIndex {
  readonly slots: readonly IndexSlot[];
}

/** The text of the `index.json` key, the same for the same slots in any order. */
export function encodeIndex(index: BundleIndex): string {
  const slots = index.slots
    .map(({ kind, name, hash }) => ({ kind, name, hash }))
    .sort((a, b) => compareText(a.kind, b.kind) || compareText(a.name, b.name));
  return JSON.stringify({ formatVersion: indexFormatVersion, slots });
}

/** Identifies one version of the whole bundle: SHA-256 of the index text, lower-case hex. */
export function indexHash(text: string): string {
  return sha256Hex(text);
}

/** Throws CorruptData or UnsupportedFormat. */
export function decodeIndex(text: string): BundleIndex {
  const value = parseJsonObject(text, 'index');
  checkFormatVersion(value.formatVersion, indexFormatVersion, 'index');
  const slots = value.slots;
  if (!Array.isArray(slots) || slots.length > limits.indexSlots) {
    throw new CorruptDataError(`index has no list of at most ${limits.indexSlots} slots`);
  }
  const seen = new Set<string>();
  return {
    slots: slots.map((entry: unknown): IndexSlot => {
      const slot = entry as Partial<IndexSlot> | null;
      if (slot?.kind !== 'ConfigMap' && slot?.kind !== 'Secret') {
        throw new CorruptDataError('index has a slot of unknown kind');
      }
      if (typeof slot.name !== 'string' || !/^[a-z0-9]([a-z0-9.-]*[a-z0-9])?$/.test(slot.name)) {
        throw new CorruptDataError('index has a slot without a valid name');
      }
      if (typeof slot.hash !== 'string' || !/^[0-9a-f]{64}$/.test(slot.hash)) {
        throw new CorruptDataError(`index has no hash for slot ${slot.name}`);
      }
      const key = `${slot.kind}/${slot.name}`;
      if (seen.has(key)) throw new CorruptDataError(`index has ${key} twice`);
      seen.add(key);
      return { kind: slot.kind, name: slot.name, hash: slot.hash };
    }),
  };
}
