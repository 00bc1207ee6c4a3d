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
import type { CompileAnswer, CompileRequest } from './compile-worker.ts';

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
    const listening = new AbortController();
    try {
      return await answerOf(worker, request, this.#clock, listening.signal);
    } catch (error) {
      this.#worker = undefined;
      void worker.terminate();
      return tooExpensive(object, error instanceof Error ? error.message : String(error));
    } finally {
      listening.abort();
    }
  }
}

/** Rejects, with what is wrong with the object, when the worker takes too long or ends. */
async function answerOf(
  worker: Worker,
  request: CompileRequest,
  clock: Clock,
  listening: AbortSignal,
): Promise<CompiledRuleSet> {
  return await new Promise<CompiledRuleSet>((resolve, reject) => {
    // Only these are taken off again: removeAllListeners would take off Node's own, and the worker would fall silent.
    const listen = <T>(event: 'message' | 'error' | 'exit', listener: (value: T) => void) => {
      worker.on(event, listener);
      listening.addEventListener('abort', () => worker.off(event, listener), { once: true });
    };
    const timedOut = () => reject(new Error(`takes more than ${limits.compileTimeoutMs} ms to check`));
    clock.sleep(limits.compileTimeoutMs, listening).then(timedOut, () => {});
    listen('message', ({ id, compiled }: CompileAnswer) => {
      if (id === request.id) resolve(compiled);
    });
    listen('error', (error: NodeJS.ErrnoException) =>
      reject(
        error.code === 'ERR_WORKER_OUT_OF_MEMORY'
          ? new Error('needs too much memory to check')
          : new Error(`cannot be checked: ${error.message}`),
      ),
    );
    listen('exit', () => reject(new Error('cannot be checked: the checking thread ended')));
    worker.postMessage(request);
  });
}

function tooExpensive(object: AlertRuleSet, why: string): CompiledRuleSet {
  const message = `the object ${why}; divide it into smaller ones`;
  return {
    groups: (object.spec.groups ?? []).map(({ name }, position) => ({
      name,
      rendered: undefined,
      faults: position === 0 ? [{ path: 'spec', code: 'LimitExceeded', message }] : [],
    })),
    partialRules: [],
  };
}

function startWorker(): Worker {
  // From a checkout the sources themselves, from the bundle the chunk beside this one.
  const source = new URL('./compile-worker.ts', import.meta.url);
  const file = existsSync(source) ? source : new URL('./compile-worker.js', import.meta.url);
  const worker = new Worker(file, {
    resourceLimits: { maxOldGenerationSizeMb: limits.compileMemoryMb },
    execArgv: [],
    env: {},
  });
  // One that is given up may fail after nobody waits for it any more; unheard it would end the operator.
  worker.on('error', () => {});
  return worker;
}
