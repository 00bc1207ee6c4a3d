import { existsSync } from 'node:fs';
import { Worker } from 'node:worker_threads';
import { LRUCache } from 'lru-cache';
import type { Clock } from '../../base/clock.ts';
import { limits } from '../../base/limits.ts';
import type { AlertRuleSet } from '../../crds/alert-rule-set.ts';
import {
  type CompiledRuleSet,
  compileRuleSet,
  compileSizeChars,
  type RuleDialect,
} from '../../reconcilers/alert-rule-set/compile.ts';
import type { RuleSetCompilation } from '../../reconcilers/monitoring-stack/rules.ts';
import type { CompileRequest } from './compile-worker.ts';

/**
 * Compiles small rule sets at once and large ones in a worker thread with a bound on time and memory: nothing that a
 * team writes can keep the thread that renews the Lease. What exceeds the bounds is a fault of that object.
 */
export class CompileRunner implements RuleSetCompilation {
  readonly #clock: Clock;
  readonly #cache = new LRUCache<string, CompiledRuleSet>({ max: limits.compileCacheObjects });
  #worker: Worker | undefined;
  #turn: Promise<unknown> = Promise.resolve();
  #nextId = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  async compile(object: AlertRuleSet, dialect: RuleDialect): Promise<CompiledRuleSet> {
    const { uid, generation } = object.metadata;
    const key = `${uid} ${generation} ${dialect.key}`;
    const known = uid === undefined ? undefined : this.#cache.get(key);
    if (known !== undefined) return known;
    const compiled =
      compileSizeChars(object) <= limits.compileInlineChars
        ? compileRuleSet(object, dialect)
        : await this.#inWorker(object, dialect);
    if (uid !== undefined) this.#cache.set(key, compiled);
    return compiled;
  }

  async close(): Promise<void> {
    await this.#worker?.terminate();
    this.#worker = undefined;
  }

  /** One at a time: memory is bounded by one worker. */
  async #inWorker(object: AlertRuleSet, dialect: RuleDialect): Promise<CompiledRuleSet> {
    const run = this.#turn.then(
      () => this.#runInWorker(object, dialect),
      () => this.#runInWorker(object, dialect),
    );
    this.#turn = run;
    return await run;
  }

  async #runInWorker(object: AlertRuleSet, dialect: RuleDialect): Promise<CompiledRuleSet> {
    this.#worker ??= startWorker();
    const worker = this.#worker;
    const id = this.#nextId++;
    const { namespace = '', name } = object.metadata;
    const request: CompileRequest = {
      id,
      object: { metadata: { namespace, name }, spec: object.spec },
      dialect,
    };
    const timer = new AbortController();
    try {
      return await new Promise<CompiledRuleSet>((resolve, reject) => {
        const timedOut = () => reject(new Error(`takes more than ${limits.compileTimeoutMs} ms to check`));
        this.#clock.sleep(limits.compileTimeoutMs, timer.signal).then(timedOut, () => {});
        worker.once('message', (answer: { readonly compiled: CompiledRuleSet }) => resolve(answer.compiled));
        worker.once('error', reject);
        worker.once('exit', () => reject(new Error('needs too much memory to check')));
        worker.postMessage(request);
      });
    } catch (error) {
      this.#worker = undefined;
      worker.removeAllListeners();
      void worker.terminate();
      return tooExpensive(object, error instanceof Error ? error.message : String(error));
    } finally {
      timer.abort();
      worker.removeAllListeners();
    }
  }
}

function tooExpensive(object: AlertRuleSet, why: string): CompiledRuleSet {
  const message = `the object ${why}; divide it into smaller ones`;
  return {
    groups: (object.spec.groups ?? []).map(({ name }, position) => ({
      name,
      rendered: undefined,
      faults: position === 0 ? [{ path: 'spec', code: 'LimitExceeded', message }] : [],
    })),
  };
}

function startWorker(): Worker {
  // From a checkout the sources themselves, from the bundle the chunk beside this one.
  const source = new URL('./compile-worker.ts', import.meta.url);
  const file = existsSync(source) ? source : new URL('./compile-worker.js', import.meta.url);
  return new Worker(file, {
    resourceLimits: { maxOldGenerationSizeMb: limits.compileMemoryMb },
    execArgv: [],
    env: {},
  });
}
