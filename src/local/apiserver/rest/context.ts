import type { Clock } from '../../../base/clock.ts';
import type { Logger } from '../../../base/log.ts';
import type { Random } from '../../../base/random.ts';
import type { ResourceRegistry } from '../kinds/registry.ts';
import type { Store } from '../store/store.ts';

/** What every handler works with. */
export interface ServerContext {
  readonly store: Store;
  readonly registry: ResourceRegistry;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Logger;
  newUid(): string;
}

/** Options of one write. */
export interface WriteOptions {
  readonly dryRun: boolean;
  readonly fieldManager: string;
  readonly fieldValidation: 'Ignore' | 'Warn' | 'Strict';
  readonly force: boolean;
  /** The write is a patch: some refusals are worded differently then. */
  readonly patch?: boolean;
  /** Sentences for `Warning: 299` headers. */
  readonly warnings: string[];
}
