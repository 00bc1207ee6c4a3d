import { CodedError } from '../../base/errors.ts';
import { decodeIndex, type IndexSlot } from '../../render/bundle/bundle-index.ts';
import { decodeSlot, sha256Hex } from '../../render/bundle/slot.ts';
import type { ConfigFolder, FileChange } from './config-folder.ts';
import {
  changesTo,
  type DesiredFiles,
  type Quarantine,
  type SlotContents,
  type SlotFiles,
  stillQuarantined,
} from './desired.ts';
import type { BundleSource } from './ports.ts';

/** What is known of slots already read: survives from one synchronisation to the next. */
export interface SlotMemory {
  readonly contents: SlotContents;
  /** Hashes of contents that no rules API will ever show. */
  readonly silent: Set<string>;
}

export interface StagedBundle {
  readonly slots: readonly IndexSlot[];
  readonly desired: DesiredFiles;
  readonly quarantined: ReadonlyMap<string, Quarantine>;
  /** Every put among them is staged. */
  readonly changes: readonly FileChange[];
}

/**
 * Reads the slots that `indexText` names and are not known yet, checks their hashes, and stages what differs from the
 * disk. One slot is in memory at a time. Throws BundleStale when a slot does not have the content that the index
 * names: index and slots are then to be read again.
 */
export async function stageBundle(
  indexText: string,
  quarantined: ReadonlyMap<string, Quarantine>,
  ports: { readonly source: BundleSource; readonly folder: ConfigFolder; readonly signal: AbortSignal },
  memory: SlotMemory,
): Promise<StagedBundle> {
  const { slots } = decodeIndex(indexText);
  const { folder } = ports;
  const missing = (path: string, hash: string) =>
    folder.hashes.get(path) !== hash &&
    folder.staged.get(path) !== hash &&
    quarantined.get(path)?.hash !== hash;
  const { contents } = memory;
  contents.keepOnly(new Set(slots.map(({ name }) => name)));
  contents.unknow(missing);
  for (const slot of slots) {
    if (contents.knows(slot)) continue;
    contents.set(slot.name, await readSlot(slot, missing, ports, memory.silent));
  }
  const still = stillQuarantined(quarantined, contents);
  return {
    slots,
    desired: contents,
    quarantined: still,
    changes: changesTo(contents, folder.hashes, still),
  };
}

async function readSlot(
  slot: IndexSlot,
  missing: (path: string, hash: string) => boolean,
  ports: { readonly source: BundleSource; readonly folder: ConfigFolder; readonly signal: AbortSignal },
  silent: Set<string>,
): Promise<SlotFiles> {
  const bytes = await ports.source.readSlot(slot, ports.signal);
  const stale = (why: string) =>
    new CodedError('BundleStale', `${slot.kind} ${slot.name} ${why}`, {
      action: 'None: index and slots are read again.',
    });
  if (bytes === undefined) throw stale('does not exist although the index names it');
  const decoded = decodeSlot(bytes);
  if (decoded.hash !== slot.hash) throw stale('does not have the content that the index names');
  const files = new Map<string, string>();
  for (const { path, content } of decoded.files) {
    const hash = sha256Hex(content);
    files.set(path, hash);
    if (!content.includes('name:')) silent.add(hash);
    if (missing(path, hash)) await ports.folder.stage(path, content, hash);
  }
  return { hash: slot.hash, files };
}
