import { goQuote } from '../syntax/go-format.ts';
import { isLegacyLabelName } from '../syntax/strings.ts';

export const metricNameLabel = '__name__';

/** Labels that describe the metric itself and go when its meaning changes. */
export const metadataLabels: ReadonlySet<string> = new Set([metricNameLabel, '__type__', '__unit__']);

/** Order of texts by their UTF-8 bytes. */
export function compareText(a: string, b: string): number {
  if (a === b) return 0;
  for (let i = 0; i < a.length && i < b.length; i++) {
    const left = a.charCodeAt(i);
    const right = b.charCodeAt(i);
    if (left === right) continue;
    // Halves of surrogate pairs (U+D800 on) stand for code points above all others.
    const leftRank = left >= 0xd800 && left <= 0xdfff ? left + 0x10000 : left;
    const rightRank = right >= 0xd800 && right <= 0xdfff ? right + 0x10000 : right;
    return leftRank - rightRank;
  }
  return a.length - b.length;
}

/** A set of labels, sorted by name, without empty values. Immutable. */
export class Labels {
  static readonly empty = new Labels([]);
  /** name, value, name, value, ... */
  readonly pairs: readonly string[];
  #key: string | undefined;
  #withoutMetadata: Labels | undefined;

  private constructor(pairs: readonly string[]) {
    this.pairs = pairs;
  }

  /** From name-value pairs in any order; later ones win, empty values are left out. */
  static from(entries: Iterable<readonly [name: string, value: string]>): Labels {
    const map = new Map(entries);
    const names = [...map.keys()].filter((name) => map.get(name) !== '').sort(compareText);
    return names.length === 0 ? Labels.empty : new Labels(names.flatMap((name) => [name, map.get(name)!]));
  }

  /** From name, value, name, value, ... that are sorted by name and none of them empty. */
  static ofSorted(pairs: readonly string[]): Labels {
    return pairs.length === 0 ? Labels.empty : new Labels(pairs);
  }

  /** Equal for equal sets only. */
  get key(): string {
    if (this.#key === undefined) {
      let key = '';
      for (const text of this.pairs) key += `${text.length}:${text}`;
      this.#key = key;
    }
    return this.#key;
  }

  get(name: string): string {
    for (let i = 0; i < this.pairs.length; i += 2) if (this.pairs[i] === name) return this.pairs[i + 1]!;
    return '';
  }

  *entries(): Generator<[string, string]> {
    for (let i = 0; i < this.pairs.length; i += 2) yield [this.pairs[i]!, this.pairs[i + 1]!];
  }

  /** With these labels set; an empty value removes. */
  with(changes: Iterable<readonly [string, string]>): Labels {
    return Labels.from([...this.entries(), ...changes]);
  }

  keep(names: readonly string[]): Labels {
    return this.#filter((name) => names.includes(name));
  }

  without(names: readonly string[]): Labels {
    return this.#filter((name) => !names.includes(name));
  }

  /** Without the metric's name, type and unit. */
  withoutMetadata(): Labels {
    this.#withoutMetadata ??= this.#filter((name) => !metadataLabels.has(name));
    return this.#withoutMetadata;
  }

  #filter(keeps: (name: string) => boolean): Labels {
    const pairs: string[] = [];
    for (let i = 0; i < this.pairs.length; i += 2) {
      if (keeps(this.pairs[i]!)) pairs.push(this.pairs[i]!, this.pairs[i + 1]!);
    }
    if (pairs.length === this.pairs.length) return this;
    return pairs.length === 0 ? Labels.empty : new Labels(pairs);
  }

  compare(other: Labels): number {
    const length = Math.min(this.pairs.length, other.pairs.length);
    for (let i = 0; i < length; i++) {
      const order = compareText(this.pairs[i]!, other.pairs[i]!);
      if (order !== 0) return order;
    }
    return this.pairs.length - other.pairs.length;
  }

  /** `{a="b", c="d"}`. */
  toString(): string {
    const texts = [...this.entries()].map(
      ([name, value]) => `${isLegacyLabelName(name) ? name : goQuote(name)}=${goQuote(value)}`,
    );
    return `{${texts.join(', ')}}`;
  }
}
