/**
 * Pattern-defeating quicksort step by step as Go's sort.Sort does it (after Orson Peters' pdqsort): where elements are
 * equal, the order it leaves them in is part of Prometheus's answers.
 */
export function pdqSort<T>(items: readonly T[], less: (a: T, b: T) => boolean): T[] {
  const sorter = new Sorter([...items], less);
  sorter.sort(0, items.length, 32 - Math.clz32(items.length));
  return sorter.items;
}

const longestInsertion = 12;
const shortestNinther = 50;
const shortestShifting = 50;
const maxShifts = 5;
const maxPivotSwaps = 12;

class Sorter<T> {
  readonly items: T[];
  readonly #less: (a: T, b: T) => boolean;
  #swaps = 0;

  constructor(items: T[], less: (a: T, b: T) => boolean) {
    this.items = items;
    this.#less = less;
  }

  sort(from: number, to: number, depth: number): void {
    let [a, b, limit] = [from, to, depth];
    let balanced = true;
    let partitioned = true;
    for (;;) {
      const length = b - a;
      if (length <= longestInsertion) {
        this.#insertionSort(a, b);
        return;
      }
      if (limit === 0) {
        this.#heapSort(a, b);
        return;
      }
      if (!balanced) {
        this.#breakPatterns(a, b);
        limit--;
      }
      let { pivot, order } = this.#choosePivot(a, b);
      if (order === 'decreasing') {
        this.#reverse(a, b);
        pivot = b - 1 - (pivot - a);
        order = 'increasing';
      }
      if (balanced && partitioned && order === 'increasing' && this.#partialInsertionSort(a, b)) return;
      if (a > 0 && !this.#isLess(a - 1, pivot)) {
        a = this.#partitionEqual(a, b, pivot);
        continue;
      }
      const split = this.#partition(a, b, pivot);
      partitioned = split.wasPartitioned;
      const [left, right] = [split.middle - a, b - split.middle];
      balanced = Math.min(left, right) >= Math.trunc(length / 8);
      if (left < right) {
        this.sort(a, split.middle, limit);
        a = split.middle + 1;
      } else {
        this.sort(split.middle + 1, b, limit);
        b = split.middle;
      }
    }
  }

  #isLess(i: number, j: number): boolean {
    return this.#less(this.items[i]!, this.items[j]!);
  }

  #swap(i: number, j: number): void {
    [this.items[i], this.items[j]] = [this.items[j]!, this.items[i]!];
  }

  #insertionSort(a: number, b: number): void {
    for (let i = a + 1; i < b; i++)
      for (let j = i; j > a && this.#isLess(j, j - 1); j--) this.#swap(j, j - 1);
  }

  #heapSort(a: number, b: number): void {
    const count = b - a;
    for (let i = Math.trunc((count - 1) / 2); i >= 0; i--) this.#siftDown(i, count, a);
    for (let i = count - 1; i >= 0; i--) {
      this.#swap(a, a + i);
      this.#siftDown(0, i, a);
    }
  }

  #siftDown(from: number, count: number, first: number): void {
    let root = from;
    for (;;) {
      let child = 2 * root + 1;
      if (child >= count) return;
      if (child + 1 < count && this.#isLess(first + child, first + child + 1)) child++;
      if (!this.#isLess(first + root, first + child)) return;
      this.#swap(first + root, first + child);
      root = child;
    }
  }

  #partition(a: number, b: number, pivot: number): { middle: number; wasPartitioned: boolean } {
    this.#swap(a, pivot);
    let [i, j] = [a + 1, b - 1];
    const approach = () => {
      while (i <= j && this.#isLess(i, a)) i++;
      while (i <= j && !this.#isLess(j, a)) j--;
      return i <= j;
    };
    let wasPartitioned = true;
    while (approach()) {
      wasPartitioned = false;
      this.#swap(i++, j--);
    }
    this.#swap(j, a);
    return { middle: j, wasPartitioned };
  }

  /** Splits into elements equal to the pivot, which is the smallest, and greater ones. */
  #partitionEqual(a: number, b: number, pivot: number): number {
    this.#swap(a, pivot);
    let [i, j] = [a + 1, b - 1];
    for (;;) {
      while (i <= j && !this.#isLess(a, i)) i++;
      while (i <= j && this.#isLess(a, j)) j--;
      if (i > j) return i;
      this.#swap(i++, j--);
    }
  }

  /** Sorts what is nearly sorted; false when too much is out of place. */
  #partialInsertionSort(a: number, b: number): boolean {
    let i = a + 1;
    for (let shifts = 0; shifts < maxShifts; shifts++) {
      while (i < b && !this.#isLess(i, i - 1)) i++;
      if (i === b) return true;
      if (b - a < shortestShifting) return false;
      this.#swap(i, i - 1);
      if (i - a >= 2) for (let j = i - 1; j >= 1 && this.#isLess(j, j - 1); j--) this.#swap(j, j - 1);
      if (b - i >= 2) for (let j = i + 1; j < b && this.#isLess(j, j - 1); j++) this.#swap(j, j - 1);
    }
    return false;
  }

  /** Scatters three elements by a fixed sequence (xorshift of the length). */
  #breakPatterns(a: number, b: number): void {
    const length = b - a;
    if (length < 8) return;
    let random = BigInt(length);
    const mask = (1n << BigInt(length.toString(2).length)) - 1n;
    const start = a + Math.trunc(length / 4) * 2 - 1;
    for (let i = start; i < start + 3; i++) {
      random = BigInt.asUintN(64, random ^ (random << 13n));
      random ^= random >> 7n;
      random = BigInt.asUintN(64, random ^ (random << 17n));
      let other = Number(random & mask);
      if (other >= length) other -= length;
      this.#swap(i, a + other);
    }
  }

  #choosePivot(a: number, b: number): { pivot: number; order: 'increasing' | 'decreasing' | 'unknown' } {
    const length = b - a;
    const quarter = Math.trunc(length / 4);
    this.#swaps = 0;
    let [i, j, k] = [a + quarter, a + quarter * 2, a + quarter * 3];
    if (length >= 8) {
      if (length >= shortestNinther) {
        i = this.#median(i - 1, i, i + 1);
        j = this.#median(j - 1, j, j + 1);
        k = this.#median(k - 1, k, k + 1);
      }
      j = this.#median(i, j, k);
    }
    if (this.#swaps === 0) return { pivot: j, order: 'increasing' };
    return { pivot: j, order: this.#swaps === maxPivotSwaps ? 'decreasing' : 'unknown' };
  }

  #median(first: number, second: number, third: number): number {
    let [a, b, c] = [first, second, third];
    [a, b] = this.#ordered(a, b);
    [b, c] = this.#ordered(b, c);
    [a, b] = this.#ordered(a, b);
    return b;
  }

  #ordered(a: number, b: number): [number, number] {
    if (!this.#isLess(b, a)) return [a, b];
    this.#swaps++;
    return [b, a];
  }

  #reverse(a: number, b: number): void {
    for (let [i, j] = [a, b - 1]; i < j; i++, j--) this.#swap(i, j);
  }
}
