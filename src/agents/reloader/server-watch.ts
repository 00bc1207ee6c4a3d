import type { Clock } from '../../base/clock.ts';
import { CodedError } from '../../base/errors.ts';
import { limits } from '../../base/limits.ts';
import type { ManagedServer } from './ports.ts';

const firstPollMs = 50;
/** A crashing server answers for moments only; asking a closed port on loopback costs next to nothing. */
const maxPollMs = 250;

/** Waits for a server by asking it. */
export class ServerWatch {
  readonly #server: Pick<ManagedServer, 'state'>;
  readonly #clock: Clock;
  #answered = false;

  constructor(server: Pick<ManagedServer, 'state'>, clock: Clock) {
    this.#server = server;
    this.#clock = clock;
  }

  /**
   * Returns when the server is ready. A server that starts (replays its log) may take as long as it likes; one that does not
   * answer at all for `downMs` raises ServerUnreachable, or for `neverUpMs` when it has not answered yet: its image may
   * still be on its way.
   */
  async ready(
    limit: { readonly downMs: number; readonly neverUpMs: number },
    signal: AbortSignal,
  ): Promise<void> {
    let downSinceMs: number | undefined;
    for (let pollMs = firstPollMs; ; pollMs = Math.min(maxPollMs, pollMs * 2)) {
      const state = await this.#server.state(signal);
      signal.throwIfAborted();
      if (state !== 'down') this.#answered = true;
      if (state === 'ready') return;
      const nowMs = this.#clock.monotonicMs();
      downSinceMs = state === 'down' ? (downSinceMs ?? nowMs) : undefined;
      const downMs = downSinceMs === undefined ? 0 : nowMs - downSinceMs;
      if (downSinceMs !== undefined && downMs >= (this.#answered ? limit.downMs : limit.neverUpMs)) {
        throw new CodedError(
          'ServerUnreachable',
          `the server has not answered for ${Math.round(downMs / 1000)} s`,
        );
      }
      await this.#clock.sleep(pollMs, signal);
    }
  }

  /** As `ready`, in the middle of a change: not for so long that a crashing server would never get its old files back. */
  readyAgain(signal: AbortSignal): Promise<void> {
    return this.ready(
      { downMs: limits.reloaderServerDownMs, neverUpMs: limits.reloaderServerDownMs },
      signal,
    );
  }
}
