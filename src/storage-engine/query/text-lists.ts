import { limits } from '../../base/limits.ts';
import { compareText } from '../promql/exec/labels.ts';

/** Texts in byte order, each once. */
export function ordered(texts: Iterable<string>): readonly string[] {
  const all = [...texts];
  // Those of one holder usually come in order.
  const isOrdered = all.every((text, i) => i === 0 || compareText(all[i - 1]!, text) < 0);
  return isOrdered ? all : [...new Set(all)].sort(compareText);
}

/** Names and values of labels over sets of blocks, as dashboards ask for them again and again; the longest unused go first. */
export class TextLists {
  readonly #lists = new Map<string, { readonly texts: ReadonlySet<string>; readonly chars: number }>();
  #chars = 0;

  get(key: string): ReadonlySet<string> | undefined {
    const found = this.#lists.get(key);
    if (found === undefined) return undefined;
    this.#lists.delete(key);
    this.#lists.set(key, found);
    return found.texts;
  }

  /** Keeps texts under a key that nothing is kept under; the set that is to be given out is in byte order. */
  put(key: string, unordered: ReadonlySet<string>): ReadonlySet<string> {
    const texts = new Set(ordered(unordered));
    let chars = key.length;
    for (const text of texts) chars += text.length + textOverheadChars;
    if (chars > limits.textListChars / 4 || this.#lists.has(key)) return texts;
    this.#lists.set(key, { texts, chars });
    this.#chars += chars;
    for (const [oldest, list] of this.#lists) {
      if (this.#chars <= limits.textListChars) break;
      this.#lists.delete(oldest);
      this.#chars -= list.chars;
    }
    return texts;
  }
}

/** What a text in a set costs beside its characters. */
const textOverheadChars = 32;
