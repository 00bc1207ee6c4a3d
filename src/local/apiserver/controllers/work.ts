import type { Logger } from '../../../base/log.ts';

/** Keys to work on, each once, one after another, after the code that added it has returned. */
export class WorkList {
  readonly #keys = new Set<string>();
  readonly #work: (key: string) => void;
  readonly #log: Logger;
  #scheduled = false;
  #stopped = false;

  constructor(log: Logger, work: (key: string) => void) {
    this.#log = log;
    this.#work = work;
  }

  add(key: string): void {
    this.#keys.add(key);
    if (this.#scheduled || this.#stopped) return;
    this.#scheduled = true;
    setImmediate(() => this.#run());
  }

  stop(): void {
    this.#stopped = true;
  }

  /** A bounded slice at a time, so that requests are answered in between. */
  #run(): void {
    this.#scheduled = false;
    let left = 50;
    for (const key of this.#keys) {
      if (this.#stopped) return;
      if (left-- === 0) break;
      this.#keys.delete(key);
      try {
        this.#work(key);
      } catch (error) {
        this.#log.error({ err: error, key }, 'control loop step failed');
      }
    }
    const next = this.#keys.values().next();
    if (next.done !== true) this.add(next.value);
  }
}
