import { LimitExceededError } from '../../base/errors.ts';

/** Lets a number of queries run at once and a number wait in order of arrival. */
export class Gate {
  private readonly running: number;
  private readonly waiting: number;
  private active = 0;
  private readonly queue: (() => void)[] = [];

  constructor(running: number, waiting: number) {
    this.running = running;
    this.waiting = waiting;
  }

  /** Runs `work` when its turn comes; one that is aborted while it waits never starts. */
  async run<T>(signal: AbortSignal, work: () => Promise<T>): Promise<T> {
    if (this.active >= this.running) await this.wait(signal);
    else this.active++;
    try {
      signal.throwIfAborted();
      return await work();
    } finally {
      const next = this.queue.shift();
      if (next === undefined) this.active--;
      else next();
    }
  }

  private wait(signal: AbortSignal): Promise<void> {
    if (this.queue.length >= this.waiting)
      throw new LimitExceededError(`${this.waiting} queries wait already`, { action: 'Try again later.' });
    return new Promise((resolve, reject) => {
      const turn = () => {
        signal.removeEventListener('abort', leave);
        resolve();
      };
      const leave = () => {
        const at = this.queue.indexOf(turn);
        if (at >= 0) this.queue.splice(at, 1);
        reject(signal.reason);
      };
      signal.addEventListener('abort', leave, { once: true });
      this.queue.push(turn);
    });
  }
}
