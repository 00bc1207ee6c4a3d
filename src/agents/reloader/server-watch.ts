import type { Clock } from '../../base/clock.ts';
import { CodedError } from '../../base/errors.ts';
import { limits } from '../../base/limits.ts';
import type { ManagedServer } from './ports.ts';

const firstPollMs = 50;
const maxPollMs = 1000;

/** Waits for a server by asking it, soon at first, then every second. */
export class ServerWatch {
  readonly #server: Pick<ManagedServer, 'state'>;
  readonly #clock: Clock;

  constructor(server: Pick<ManagedServer, 'state'>, clock: Clock) {
    this.#server = server;
    this.#clock = clock;
  }

  /**
   * Returns when the server is ready. A server that starts (replays its log) may take as long as it likes; one that does not
   * answer at all for `downMs` raises ServerUnreachable.
   */
  async ready(downMs: number, signal: AbortSignal): Promise<void> {
    let downSinceMs: number | undefined;
    for (let pollMs = firstPollMs; ; pollMs = Math.min(maxPollMs, pollMs * 2)) {
      const state = await this.#server.state(signal);
      signal.throwIfAborted();
      if (state === 'ready') return;
      const nowMs = this.#clock.monotonicMs();
      downSinceMs = state === 'down' ? (downSinceMs ?? nowMs) : undefined;
      if (downSinceMs !== undefined && nowMs - downSinceMs >= downMs) {
        throw new CodedError('ServerUnreachable', `the server has not answered for ${downMs / 1000} s`);
      }
      await this.#clock.sleep(pollMs, signal);
    }
  }

  /** As `ready`, in the middle of a change: not for so long that a crashing server would never get its old files back. */
  readyAgain(signal: AbortSignal): Promise<void> {
    return this.ready(limits.reloaderServerDownMs, signal);
  }
}
