import type { IndexSlot } from '../../render/bundle/bundle-index.ts';
import { compareText } from '../../render/bundle/slot.ts';
import type { FileChange } from './config-folder.ts';

/** Content of one slot by path and content hash. */
export interface SlotFiles {
  readonly hash: string;
  readonly files: ReadonlyMap<string, string>;
}

/** Why a content is not loaded. `hash` tells a new content from the refused one. */
export interface Quarantine {
  readonly hash: string;
  readonly error: string;
}

/** All files of the slots that the index names. A path that two slots hold counts as the first one has it. */
export function desiredFiles(
  slots: readonly IndexSlot[],
  contents: ReadonlyMap<string, SlotFiles>,
): ReadonlyMap<string, string> {
  const desired = new Map<string, string>();
  for (const { name } of slots) {
    for (const [path, hash] of contents.get(name)?.files ?? [])
      if (!desired.has(path)) desired.set(path, hash);
  }
  return desired;
}

/**
 * What turns `present` into `desired`, sorted by path. A quarantined content is not put: what is there stays there.
 */
export function changesTo(
  desired: ReadonlyMap<string, string>,
  present: ReadonlyMap<string, string>,
  quarantined: ReadonlyMap<string, Quarantine>,
): readonly FileChange[] {
  const changes: FileChange[] = [];
  for (const [path, hash] of desired) {
    if (present.get(path) !== hash && quarantined.get(path)?.hash !== hash) changes.push({ path, hash });
  }
  for (const path of present.keys()) if (!desired.has(path)) changes.push({ path, hash: undefined });
  return changes.sort((a, b) => compareText(a.path, b.path));
}

/** Quarantined contents that are still wanted; the others no longer matter. */
export function stillQuarantined(
  quarantined: ReadonlyMap<string, Quarantine>,
  desired: ReadonlyMap<string, string>,
): ReadonlyMap<string, Quarantine> {
  return new Map([...quarantined].filter(([path, { hash }]) => desired.get(path) === hash));
}
