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
  /** Pods that are to go: they take no more samples and store what they have. */
  readonly drain?: Drain;
}

export interface Drain {
  /** Tells one wish to scale down from another. */
  readonly token: string;
  readonly pods: readonly string[];
}

/** The text of the `index.json` key, the same for the same slots in any order. */
export function encodeIndex(index: BundleIndex): string {
  const slots = index.slots
    .map(({ kind, name, hash }) => ({ kind, name, hash }))
    .sort((a, b) => compareText(a.kind, b.kind) || compareText(a.name, b.name));
  const { drain } = index;
  return JSON.stringify({
    formatVersion: indexFormatVersion,
    slots,
    ...(drain === undefined
      ? {}
      : { drain: { token: drain.token, pods: [...drain.pods].sort(compareText) } }),
  });
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
  const drain = decodeDrain(value.drain);
  return {
    ...(drain === undefined ? {} : { drain }),
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

function decodeDrain(value: unknown): Drain | undefined {
  if (value === undefined) return undefined;
  const { token, pods } = (value ?? {}) as { token?: unknown; pods?: unknown };
  if (typeof token !== 'string' || !Array.isArray(pods) || !pods.every((pod) => typeof pod === 'string'))
    throw new CorruptDataError('index has a drain without token and pods');
  return { token, pods };
}
