import { existsSync } from 'node:fs';
import { Worker } from 'node:worker_threads';
import { LRUCache } from 'lru-cache';
import type { Clock } from '../../base/clock.ts';
import { limits } from '../../base/limits.ts';
import type { AlertRuleSet } from '../../crds/alert-rule-set.ts';
import {
  type CompiledRuleSet,
  compileSafely,
  compileSizeChars,
  notCheckable,
  type RuleDialect,
} from '../../reconcilers/alert-rule-set/compile.ts';
import type { RuleSetCompilation } from '../../reconcilers/monitoring-stack/rules.ts';
import { CompactRuleSet } from './compact-rule-set.ts';
import type { CompileAnswer, CompileRequest } from './compile-worker.ts';

/**
 * Compiles small rule sets at once and large ones in a worker thread with a bound on time and memory: nothing that a
 * team writes can keep the thread that renews the Lease. What exceeds the bounds is a fault of that object.
 */
export class CompileRunner implements RuleSetCompilation {
  readonly #clock: Clock;
  readonly #cache = new LRUCache<string, CompiledRuleSet>({ max: limits.compileCacheObjects });
  /** Asked for and not answered yet. */
  readonly #running = new Map<string, Promise<CompiledRuleSet>>();
  #worker: Worker | undefined;
  #turn: Promise<unknown> = Promise.resolve();
  #nextId = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  compile(object: AlertRuleSet, dialect: RuleDialect): CompiledRuleSet | Promise<CompiledRuleSet> {
    const { uid, generation } = object.metadata;
    const key = uid === undefined ? undefined : `${uid} ${generation} ${dialect.key}`;
    const known = key === undefined ? undefined : (this.#cache.get(key) ?? this.#running.get(key));
    if (known !== undefined) return known;
    if (!isLarge(object)) {
      const compiled = compileSafely(object, dialect);
      if (key !== undefined) this.#cache.set(key, compiled);
      return compiled;
    }
    const running = this.#inWorker(object, dialect).then((compiled) => {
      if (key === undefined) return compiled;
      this.#running.delete(key);
      this.#cache.set(key, compiled);
      return compiled;
    });
    if (key !== undefined) this.#running.set(key, running);
    return running;
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
      metadata: { namespace, name },
      spec: object instanceof CompactRuleSet ? object.specText : JSON.stringify(object.spec),
      dialect,
    };
    const listening = new AbortController();
    try {
      return await answerOf(worker, request, this.#clock, listening.signal);
    } catch (error) {
      this.#worker = undefined;
      void worker.terminate();
      return notCheckable(object, 'LimitExceeded', `${describe(error)}; divide it into smaller ones`);
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

/** What is so malformed that it has no size is left to the checks. */
function isLarge(object: AlertRuleSet): boolean {
  // Every rule counts as 64 characters and has at least 25 as text.
  const chars = object instanceof CompactRuleSet ? object.specText.length : limits.compileInlineChars;
  if (chars < limits.compileInlineChars / 4) return false;
  if (chars > limits.compileInlineChars * 4) return true;
  try {
    return compileSizeChars(object) > limits.compileInlineChars;
  } catch {
    return false;
  }
}

const describe = (error: unknown) => (error instanceof Error ? error.message : String(error));

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
