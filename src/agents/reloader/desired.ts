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

/** Which content each wanted file has. */
export interface DesiredFiles {
  hash(path: string): string | undefined;
  forEach(visit: (path: string, hash: string) => void): void;
}

interface Entry {
  readonly slot: string;
  readonly hash: string;
}

/**
 * All slots that were read: of each its hash, of each file one entry, and no second copy of a path or a hash, as
 * there are thousands. A path that two slots hold (a move that was cut short) counts as the first by name has it.
 */
export class SlotContents implements DesiredFiles {
  readonly #hashes = new Map<string, string>();
  readonly #files = new Map<string, Entry>();
  readonly #shared = { paths: new Set<string>(), slots: new Set<string>() };

  hash(path: string): string | undefined {
    return this.#files.get(path)?.hash;
  }

  forEach(visit: (path: string, hash: string) => void): void {
    this.#files.forEach(({ hash }, path) => {
      visit(path, hash);
    });
  }

  slotOf(path: string): string | undefined {
    return this.#files.get(path)?.slot;
  }

  /** Whether the newest content of this slot is taken over. */
  knows(slot: { readonly name: string; readonly hash: string }): boolean {
    return this.#hashes.get(slot.name) === slot.hash;
  }

  /** Slots with such a file are no longer known, so that they are read again. */
  unknow(isWanted: (path: string, hash: string) => boolean): void {
    this.#files.forEach(({ slot, hash }, path) => {
      if (isWanted(path, hash)) this.#hashes.delete(slot);
    });
  }

  set(slot: string, { hash, files }: SlotFiles): void {
    this.#forget(slot, (path) => !files.has(path));
    this.#hashes.set(slot, hash);
    files.forEach((content, path) => {
      const before = this.#files.get(path);
      if (before !== undefined && before.slot !== slot) this.#share(path, before.slot, slot);
      if (before !== undefined && before.slot < slot) return;
      if (before?.hash !== content || before.slot !== slot) this.#files.set(path, { slot, hash: content });
    });
  }

  /** Drops all slots but these. */
  keepOnly(names: ReadonlySet<string>): void {
    for (const name of [...this.#hashes.keys()]) {
      if (names.has(name)) continue;
      this.#hashes.delete(name);
      this.#forget(name, () => true);
    }
  }

  clear(): void {
    this.#hashes.clear();
    this.#files.clear();
  }

  #share(path: string, ...slots: readonly string[]): void {
    this.#shared.paths.add(path);
    for (const slot of slots) this.#shared.slots.add(slot);
  }

  #forget(slot: string, isGone: (path: string) => boolean): void {
    let othersHold = false;
    this.#files.forEach((entry, path) => {
      if (entry.slot !== slot || !isGone(path)) return;
      this.#files.delete(path);
      othersHold ||= this.#shared.paths.has(path);
    });
    if (!othersHold) return;
    // One of these holds it too; only a look says which.
    for (const name of this.#shared.slots) this.#hashes.delete(name);
    this.#shared.paths.clear();
    this.#shared.slots.clear();
  }
}

/**
 * What turns `present` into `desired`, sorted by path. A quarantined content is not put: what is there stays there.
 */
export function changesTo(
  desired: DesiredFiles,
  present: ReadonlyMap<string, string>,
  quarantined: ReadonlyMap<string, Quarantine>,
): readonly FileChange[] {
  const changes: FileChange[] = [];
  desired.forEach((path, hash) => {
    if (present.get(path) !== hash && quarantined.get(path)?.hash !== hash) changes.push({ path, hash });
  });
  present.forEach((_hash, path) => {
    if (desired.hash(path) === undefined) changes.push({ path, hash: undefined });
  });
  return changes.sort((a, b) => compareText(a.path, b.path));
}

/** Quarantined contents that are still wanted; the others no longer matter. */
export function stillQuarantined(
  quarantined: ReadonlyMap<string, Quarantine>,
  desired: DesiredFiles,
): ReadonlyMap<string, Quarantine> {
  return new Map([...quarantined].filter(([path, { hash }]) => desired.hash(path) === hash));
}
