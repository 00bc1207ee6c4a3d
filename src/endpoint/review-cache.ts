import { createHmac, randomBytes } from 'node:crypto';
import { LRUCache } from 'lru-cache';
import type { Clock } from '../base/clock.ts';
import { limits } from '../base/limits.ts';

export type Reviewed = { readonly user: string; readonly allowed: boolean } | undefined;

/**
 * Asks `review` about a token once and keeps the answer for a while: a good one for as long as kube-apiserver keeps its own,
 * a bad one shorter. Tokens are kept as keyed digests. Requests with the same token share one question; where the API is
 * away the question fails and nothing is remembered.
 */
export class ReviewCache {
  readonly #review: (token: string) => Promise<Reviewed>;
  readonly #clock: Clock;
  readonly #secret = randomBytes(32);
  readonly #held = new LRUCache<string, { readonly atMs: number; readonly answer: Promise<Reviewed> }>({
    max: limits.reviewedTokens,
  });

  constructor(review: (token: string) => Promise<Reviewed>, clock: Clock) {
    this.#review = review;
    this.#clock = clock;
  }

  async ask(token: string): Promise<Reviewed> {
    const key = createHmac('sha256', this.#secret).update(token).digest('base64');
    const nowMs = this.#clock.monotonicMs();
    const known = this.#held.get(key);
    if (known !== undefined) {
      const answer = await known.answer.catch(() => undefined);
      const ageMs = answer?.allowed === true ? limits.reviewGoodMs : limits.reviewBadMs;
      if (nowMs - known.atMs < ageMs && this.#held.get(key) === known) return answer;
    }
    const answer = this.#review(token);
    this.#held.set(key, { atMs: nowMs, answer });
    try {
      return await answer;
    } catch (error) {
      this.#held.delete(key);
      throw error;
    }
  }
}
