import { LimitExceededError } from '../../base/errors.ts';
import { limits } from '../../base/limits.ts';
import { compileMatcher } from '../promql/syntax/matcher.ts';
import type { Retention, Verdict } from './retention.ts';

/** One distinct question to a label's value: its symbol's number, or the set of the numbers that it accepts. */
interface Question {
  readonly accepts: (value: string) => boolean;
  readonly acceptsAbsent: boolean;
  accepted: Uint32Array;
}

/** A matcher on symbols: the slot of its label, and its question; `fixed` where the block's own labels answer it. */
interface SymbolMatcher {
  readonly slot: number;
  readonly question: Question;
  readonly negated: boolean;
  readonly fixed: boolean | undefined;
}

/**
 * Classes of the series of one block by the numbers of their symbols: each symbol is looked at once, as a text, while the
 * table is read, each series then by numbers alone. Takes one bit for each symbol and distinct matcher.
 */
export class SymbolClasses {
  readonly #retentions: readonly Retention[];
  readonly #sets: readonly (readonly (readonly SymbolMatcher[])[])[];
  readonly #questions: readonly Question[];
  readonly #slots: ReadonlyMap<string, number>;
  readonly #slotOfName = new Map<number, number>();
  /** Symbol of the current series' value in each slot, -1 where it lacks the label. */
  readonly #values: Int32Array;
  readonly #classes = new Map<string, number>();
  readonly #keys: (readonly string[])[] = [];
  readonly #decoder = new TextDecoder();

  /** `external` are the labels of the block: they go before those of its series. */
  constructor(retentions: readonly Retention[], external: Readonly<Record<string, string>>) {
    const slots = new Map<string, number>();
    const questions = new Map<string, Question>();
    this.#retentions = retentions;
    this.#sets = retentions.map(({ matcherSets }) =>
      matcherSets.map((set) =>
        set.map(({ name, op, value }): SymbolMatcher => {
          const positive = op === '=' || op === '!=' ? '=' : '=~';
          const key = `${positive}${value}`;
          let question = questions.get(key);
          if (question === undefined) {
            const accepts = compileMatcher({ name, op: positive, value });
            question = { accepts, acceptsAbsent: accepts(''), accepted: new Uint32Array(0) };
            questions.set(key, question);
          }
          const slot = slots.get(name) ?? slots.size;
          slots.set(name, slot);
          const negated = op === '!=' || op === '!~';
          const given = external[name];
          const fixed = given === undefined ? undefined : question.accepts(given) !== negated;
          return { slot, question, negated, fixed };
        }),
      ),
    );
    this.#slots = slots;
    this.#questions = [...questions.values()];
    this.#values = new Int32Array(slots.size).fill(-1);
  }

  /** Takes note of a symbol; every one is told before the first series is asked for. */
  note(number: number, text: Uint8Array): void {
    const value = this.#decoder.decode(text);
    const slot = this.#slots.get(value);
    if (slot !== undefined) this.#slotOfName.set(number, slot);
    for (const question of this.#questions) {
      if (!question.accepts(value)) continue;
      const word = number >>> 5;
      if (word >= question.accepted.length) {
        const grown = new Uint32Array(Math.max(64, word * 2));
        grown.set(question.accepted);
        question.accepted = grown;
      }
      question.accepted[word]! |= 1 << (number & 31);
    }
  }

  /** Number of the class of a series; `labels` are symbols, name and value in turn. */
  classOf(labels: ArrayLike<number>): number {
    const values = this.#values.fill(-1);
    for (let i = 0; i < labels.length; i += 2) {
      const slot = this.#slotOfName.get(labels[i]!);
      if (slot !== undefined) values[slot] = labels[i + 1]!;
    }
    let key = '';
    const keys: string[] = [];
    for (let at = 0; at < this.#retentions.length; at++) {
      const sets = this.#sets[at]!;
      const own = this.#retentions[at]!.classBy((set) => this.#takes(sets[set]!));
      keys.push(own);
      key += `${own} `;
    }
    let found = this.#classes.get(key);
    if (found === undefined) {
      found = this.#keys.length;
      if (found >= limits.retentionClasses)
        throw new LimitExceededError(
          `retention rules and erasures divide the series of a block into more than ${limits.retentionClasses} classes`,
        );
      this.#classes.set(key, found);
      this.#keys.push(keys);
    }
    return found;
  }

  /** What the documents, in their order, say of a class. */
  verdicts(number: number): readonly Verdict[] {
    return this.#retentions.map((retention, at) => retention.verdictOf(this.#keys[number]![at]!));
  }

  #takes(matchers: readonly SymbolMatcher[]): boolean {
    for (const { slot, question, negated, fixed } of matchers) {
      if (fixed !== undefined) {
        if (!fixed) return false;
        continue;
      }
      const value = this.#values[slot]!;
      const accepted =
        value < 0
          ? question.acceptsAbsent
          : ((question.accepted[value >>> 5] ?? 0) & (1 << (value & 31))) !== 0;
      if (accepted === negated) return false;
    }
    return true;
  }
}
