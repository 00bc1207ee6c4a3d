import type { Clock } from '../../base/clock.ts';
import type { AlertmanagerApi, LiveSilence } from './alertmanager.ts';

interface Held {
  readonly readAtMs: number;
  readonly silences: readonly LiveSilence[] | undefined;
  readonly error: string | undefined;
}

/**
 * What each Alertmanager member lists, read once for all Silences that look at it within a short time. A member that
 * does not answer is not asked again for as long.
 */
export class SilenceBoard {
  readonly #api: AlertmanagerApi;
  readonly #clock: Clock;
  readonly #maxAgeMs: number;
  readonly #held = new Map<string, Held>();
  readonly #reading = new Map<string, Promise<Held>>();

  constructor(api: AlertmanagerApi, clock: Clock, maxAgeMs = 4_000) {
    this.#api = api;
    this.#clock = clock;
    this.#maxAgeMs = maxAgeMs;
  }

  async read(url: string): Promise<{ readonly silences?: readonly LiveSilence[]; readonly error?: string }> {
    const known = this.#held.get(url);
    const isYoung = known !== undefined && this.#clock.monotonicMs() - known.readAtMs < this.#maxAgeMs;
    const { silences, error } = isYoung ? known : await this.#fetch(url);
    return { ...(silences === undefined ? {} : { silences }), ...(error === undefined ? {} : { error }) };
  }

  /** After a change: what these members listed before no longer counts. */
  forget(urls: Iterable<string>): void {
    for (const url of urls) {
      this.#held.delete(url);
      // A list that is on its way may be from before the change.
      this.#reading.delete(url);
    }
  }

  /** Members that are gone must not be remembered for ever. */
  retain(urls: ReadonlySet<string>): void {
    for (const url of this.#held.keys()) if (!urls.has(url)) this.#held.delete(url);
  }

  #fetch(url: string): Promise<Held> {
    const running = this.#reading.get(url);
    if (running !== undefined) return running;
    const reading = this.#list(url).then((held) => {
      if (this.#reading.get(url) === reading) {
        this.#reading.delete(url);
        this.#held.set(url, held);
      }
      return held;
    });
    this.#reading.set(url, reading);
    return reading;
  }

  async #list(url: string): Promise<Held> {
    try {
      const silences = await this.#api.list(url);
      return { readAtMs: this.#clock.monotonicMs(), silences, error: undefined };
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error);
      return { readAtMs: this.#clock.monotonicMs(), silences: undefined, error: message };
    }
  }
}
