import { existsSync } from 'node:fs';
import { Worker } from 'node:worker_threads';
import type { ThreadAnswer, ThreadRequest, WindowTask } from './task.ts';

interface Job {
  readonly request: ThreadRequest;
  readonly done: (answer: ThreadAnswer) => void;
}

/** A few threads with a kernel each; tasks are taken in their order. Threads start with the first task. */
export class ThreadPool {
  readonly size: number;
  private readonly idle: Worker[] = [];
  private readonly running = new Map<Worker, Job>();
  private readonly waiting: Job[] = [];
  private closed = false;

  constructor(size: number) {
    this.size = size;
  }

  /** Runs a task in a thread. A signal that aborts takes it out of the queue, or ends it after its batch. */
  run(task: WindowTask, signal: AbortSignal): Promise<ThreadAnswer> {
    signal.throwIfAborted();
    if (this.closed) throw new Error('BUG: a task is given to query threads that have ended');
    const canceled = new Int32Array(new SharedArrayBuffer(4));
    return new Promise((resolve, reject) => {
      const job: Job = {
        request: { task, canceled },
        done: (answer) => {
          signal.removeEventListener('abort', abort);
          resolve(answer);
        },
      };
      const abort = () => {
        Atomics.store(canceled, 0, 1);
        const at = this.waiting.indexOf(job);
        if (at >= 0) this.waiting.splice(at, 1);
        reject(signal.reason);
      };
      signal.addEventListener('abort', abort, { once: true });
      this.waiting.push(job);
      this.next();
    });
  }

  async close(): Promise<void> {
    this.closed = true;
    const threads = [...this.idle, ...this.running.keys()];
    this.idle.length = 0;
    for (const job of [...this.waiting.splice(0), ...this.running.values()]) job.done({ result: undefined });
    this.running.clear();
    await Promise.all(threads.map((thread) => thread.terminate()));
  }

  private next(): void {
    while (this.waiting.length > 0) {
      const thread = this.idle.pop() ?? (this.running.size < this.size ? this.start() : undefined);
      if (thread === undefined) return;
      const job = this.waiting.shift()!;
      this.running.set(thread, job);
      thread.postMessage(job.request);
    }
  }

  private start(): Worker {
    const source = new URL('./thread.ts', import.meta.url);
    const file = existsSync(source) ? source : new URL('./query-thread.js', import.meta.url);
    const thread = new Worker(file);
    thread.unref();
    thread.on('message', (answer: ThreadAnswer) => {
      const job = this.running.get(thread);
      this.running.delete(thread);
      if (this.closed) return;
      this.idle.push(thread);
      job?.done(answer);
      this.next();
    });
    const ended = (fault: string) => {
      const job = this.running.get(thread);
      this.running.delete(thread);
      const at = this.idle.indexOf(thread);
      if (at >= 0) this.idle.splice(at, 1);
      job?.done({ result: undefined, fault });
      this.next();
    };
    thread.on('error', (error) => ended(`a query thread failed: ${error}`));
    thread.on('exit', () => ended('a query thread ended'));
    return thread;
  }
}
