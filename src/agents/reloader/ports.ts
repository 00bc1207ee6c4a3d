import type { IndexSlot } from '../../render/bundle/bundle-index.ts';
import type { RuleHealthFault } from '../../render/bundle/report.ts';
import type { FileContents } from './rule-content.ts';

/** The bundle as the API holds it. */
export interface BundleSource {
  /** Text of the index; undefined while it does not exist. */
  readIndex(signal: AbortSignal): Promise<string | undefined>;
  /** Packed bytes of a slot; undefined while it does not exist. */
  readSlot(slot: IndexSlot, signal: AbortSignal): Promise<Uint8Array | undefined>;
}

/** The report object of this pod. */
export interface ReportStore {
  read(signal: AbortSignal): Promise<string | undefined>;
  write(text: string, signal: AbortSignal): Promise<void>;
}

/**
 * Files below one folder, by relative path with `/`. Folders come and go by themselves. `rename` replaces its target in
 * one step; all other writes may be cut short by a kill.
 */
export interface Files {
  /** All files below the folder, at any depth, sorted. */
  list(): Promise<readonly string[]>;
  /** Undefined when there is no such file. */
  read(path: string): Promise<string | undefined>;
  write(path: string, content: string): Promise<void>;
  rename(from: string, to: string): Promise<void>;
  /** A second name for the same content; replaces a file of that name. */
  link(from: string, to: string): Promise<void>;
  /** No error when there is no such file. */
  remove(path: string): Promise<void>;
}

export type ReloadAnswer =
  | { readonly ok: true }
  | {
      readonly ok: false;
      readonly error: string;
      /** The file at fault, where the server names it. */
      readonly path?: string;
    };

/** The server that reads the files. Every method but `state` throws when the server cannot be reached. */
export interface ManagedServer {
  /** Whether it answers, and whether it has read its configuration. Never throws. */
  state(signal: AbortSignal): Promise<'down' | 'starting' | 'ready'>;
  version(signal: AbortSignal): Promise<string>;
  reload(signal: AbortSignal): Promise<ReloadAnswer>;
  /** Whether the newest reload took effect and, of these files, which ones do not show in what runs. */
  unconfirmed(changed: ChangedFiles, signal: AbortSignal): Promise<readonly string[]>;
  /** Rule groups among these files whose last evaluation failed. Servers without rules have none. */
  ruleFaults(paths: readonly string[], signal: AbortSignal): Promise<readonly RuleHealthFault[]>;
}

export interface ChangedFiles {
  readonly put: readonly string[];
  readonly removed: readonly string[];
  /** What a file of `put` holds now, and held before the change. */
  readonly contents: (path: string) => Promise<FileContents>;
}
