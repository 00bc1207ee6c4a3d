/** Go's container/heap over a list: the order of elements in it is part of results. */
export class GoHeap<T> {
  readonly items: T[] = [];
  readonly #less: (a: T, b: T) => boolean;

  constructor(less: (a: T, b: T) => boolean) {
    this.#less = less;
  }

  push(item: T): void {
    this.items.push(item);
    this.#up(this.items.length - 1);
  }

  /** Restores the order after the first item was replaced. */
  fixFirst(): void {
    if (!this.#down(0)) this.#up(0);
  }

  #swap(i: number, j: number): void {
    [this.items[i], this.items[j]] = [this.items[j]!, this.items[i]!];
  }

  #up(from: number): void {
    for (let j = from; ; ) {
      const parent = Math.trunc((j - 1) / 2);
      if (parent === j || !this.#less(this.items[j]!, this.items[parent]!)) return;
      this.#swap(parent, j);
      j = parent;
    }
  }

  #down(from: number): boolean {
    let i = from;
    for (;;) {
      const left = 2 * i + 1;
      if (left >= this.items.length) break;
      const right = left + 1;
      const child =
        right < this.items.length && this.#less(this.items[right]!, this.items[left]!) ? right : left;
      if (!this.#less(this.items[child]!, this.items[i]!)) break;
      this.#swap(i, child);
      i = child;
    }
    return i > from;
  }
}
