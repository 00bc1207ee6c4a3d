import type { ProgramEntry } from './catalogue.ts';

/** What a way may use. Paths are absolute. */
export interface WayContext {
  /** Folder of the cache; ways keep their own side data below it. */
  readonly cacheDir: string;
  /** Empty folder for this attempt on the cache's file system; removed afterwards. */
  readonly scratchDir: string;
  readonly environment: NodeJS.ProcessEnv;
  readonly platform: NodeJS.Platform;
  readonly arch: string;
  /** One line about what happens now; `fraction` in [0, 1] where known. */
  readonly say: (message: string, fraction?: number) => void;
}

/** Why a way was not possible here; the next one is tried. */
export interface WaySkipped {
  readonly skipped: string;
}

/** A program that now lies in the scratch folder and is moved into the cache by the caller. */
export interface WayFound {
  readonly file: string;
}

/** One way of obtaining a program. Rejects only on a defect; expected failures are `skipped`. */
export interface Way {
  readonly title: string;
  obtain(entry: ProgramEntry, context: WayContext): Promise<WayFound | WaySkipped>;
}
