/**
 * The configuration folder. A change is staged beside the files, then swapped in name by name under a journal; until it
 * is committed it can be swapped out again, also by the next process after a kill. Every name holds an old or a new
 * content at any moment, never a part of one.
 *
 * Layout below `.promfleet/` in the folder: `new/<path>` staged contents, `old/<path>` contents that were replaced,
 * `journal.json` while a change is neither committed nor undone, `undone` until the server has read the files again after
 * that, `state.json` what outlives the process.
 */
import { assert } from '../../base/assert.ts';
import { isBundlePath } from '../../render/bundle/bundle-path.ts';
import { sha256Hex } from '../../render/bundle/slot.ts';
import type { Files } from './ports.ts';
import type { FileContents } from './rule-content.ts';

const ownFolder = '.promfleet/';
const journalPath = `${ownFolder}journal.json`;
const undonePath = `${ownFolder}undone`;
const statePath = `${ownFolder}state.json`;
const staged = (path: string) => `${ownFolder}new/${path}`;
const replaced = (path: string) => `${ownFolder}old/${path}`;

/** A change of one file: to the content with this hash, or its removal. */
export interface FileChange {
  readonly path: string;
  /** SHA-256 of the new content; undefined removes the file. */
  readonly hash: string | undefined;
}

interface JournalEntry {
  readonly path: string;
  /** Whether the file existed before. */
  readonly had: boolean;
  readonly put: boolean;
}

export class ConfigFolder {
  readonly #files: Files;
  readonly #keep: ReadonlySet<string>;
  /** Hash of every file that the server may read. */
  readonly #hashes = new Map<string, string>();
  /** Hash of every staged content. */
  readonly #staged = new Map<string, string>();
  #journal: readonly JournalEntry[] | undefined;

  /** `keep` names files of others in the folder that are left alone. */
  constructor(files: Files, keep: readonly string[]) {
    this.#files = files;
    this.#keep = new Set(keep);
  }

  get hashes(): ReadonlyMap<string, string> {
    return this.#hashes;
  }

  get staged(): ReadonlyMap<string, string> {
    return this.#staged;
  }

  /**
   * Reads what is there. A change that was cut short is undone; then, and until `settled`, the result is `undone`: the
   * server may run the new content although the old one lies here.
   */
  async open(): Promise<'clean' | 'undone'> {
    const journal = await this.#readJournal();
    if (journal !== undefined) {
      this.#journal = journal;
      await this.#restore(journal);
    }
    this.#hashes.clear();
    this.#staged.clear();
    const undone = (await this.#files.read(undonePath)) !== undefined;
    for (const path of await this.#files.list()) {
      if (path.startsWith(ownFolder)) {
        if (path !== statePath && path !== undonePath) await this.#files.remove(path);
      } else if (!this.#keep.has(path)) {
        const content = isBundlePath(path) ? await this.#files.read(path) : undefined;
        if (content === undefined) await this.#files.remove(path);
        else this.#hashes.set(path, sha256Hex(content));
      }
    }
    return undone ? 'undone' : 'clean';
  }

  /** The server has read what lies here. */
  async settled(): Promise<void> {
    await this.#files.remove(undonePath);
  }

  /** Puts a content aside for a later swap. */
  async stage(path: string, content: string, hash: string): Promise<void> {
    assert(isBundlePath(path) && !this.#keep.has(path), `${path} must not be written`);
    this.#staged.delete(path);
    await this.#files.write(staged(path), content);
    this.#staged.set(path, hash);
  }

  /** Drops staged contents that are no longer wanted. */
  async unstageAll(): Promise<void> {
    for (const path of [...this.#staged.keys()]) {
      await this.#files.remove(staged(path));
      this.#staged.delete(path);
    }
  }

  /** Gives every changed file its staged content, or removes it. Ends in `commit` or `swapOut`. */
  async swapIn(changes: readonly FileChange[]): Promise<void> {
    assert(this.#journal === undefined, 'a change is under way');
    for (const { path, hash } of changes) {
      assert(hash === undefined || this.#staged.get(path) === hash, `${path} is not staged`);
    }
    const journal = changes.map(({ path, hash }) => ({
      path,
      had: this.#hashes.has(path),
      put: hash !== undefined,
    }));
    for (const { path, had } of journal) if (had) await this.#files.link(path, replaced(path));
    await this.#writeWhole(journalPath, JSON.stringify(journal));
    this.#journal = journal;
    for (const { path, put } of journal) {
      if (put) await this.#files.rename(staged(path), path);
      else await this.#files.remove(path);
    }
  }

  /** A file of the change under way as it is now and was before. */
  async contents(path: string): Promise<FileContents> {
    const had = this.#hashes.has(path);
    const before = had ? await this.#files.read(replaced(path)) : undefined;
    return { before, after: (await this.#files.read(path)) ?? '' };
  }

  /** The change holds: its old contents go. */
  async commit(changes: readonly FileChange[]): Promise<void> {
    const journal = this.#journal;
    assert(journal !== undefined, 'no change is under way');
    await this.#files.remove(journalPath);
    this.#journal = undefined;
    for (const { path, hash } of changes) {
      this.#staged.delete(path);
      if (hash === undefined) this.#hashes.delete(path);
      else this.#hashes.set(path, hash);
    }
    for (const { path, had } of journal) if (had) await this.#files.remove(replaced(path));
  }

  /** Undoes the change; its new contents are staged again. */
  async swapOut(): Promise<void> {
    const journal = this.#journal;
    assert(journal !== undefined, 'no change is under way');
    for (const { path, put } of journal) if (put) await this.#files.link(path, staged(path));
    await this.#restore(journal);
  }

  /** Small text that outlives this process, not the pod. */
  async readState(): Promise<string | undefined> {
    return await this.#files.read(statePath);
  }

  async writeState(text: string): Promise<void> {
    await this.#writeWhole(statePath, text);
  }

  async #restore(journal: readonly JournalEntry[]): Promise<void> {
    for (const { path, had } of journal) {
      if (!had) await this.#files.remove(path);
      // No old copy: this step was done before the process was killed.
      else if ((await this.#files.read(replaced(path))) !== undefined)
        await this.#files.rename(replaced(path), path);
    }
    await this.#files.write(undonePath, '');
    await this.#files.remove(journalPath);
    this.#journal = undefined;
  }

  async #readJournal(): Promise<readonly JournalEntry[] | undefined> {
    const text = await this.#files.read(journalPath);
    return text === undefined ? undefined : (JSON.parse(text) as readonly JournalEntry[]);
  }

  async #writeWhole(path: string, text: string): Promise<void> {
    await this.#files.write(`${path}.tmp`, text);
    await this.#files.rename(`${path}.tmp`, path);
  }
}
