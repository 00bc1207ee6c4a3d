/** Sets of series references as ascending lists. Results share no memory with their inputs unless they equal one. */

export function intersect(a: Uint32Array, b: Uint32Array): Uint32Array {
  const [small, large] = a.length <= b.length ? [a, b] : [b, a];
  const out = new Uint32Array(small.length);
  let count = 0;
  let j = 0;
  for (const reference of small) {
    j = seek(large, j, reference);
    if (j === large.length) break;
    if (large[j] === reference) out[count++] = reference;
  }
  return out.slice(0, count);
}

export function subtract(a: Uint32Array, b: Uint32Array): Uint32Array {
  const out = new Uint32Array(a.length);
  let count = 0;
  let j = 0;
  for (const reference of a) {
    j = seek(b, j, reference);
    if (b[j] !== reference) out[count++] = reference;
  }
  return out.slice(0, count);
}

/** Union of many lists: concatenated, sorted by the engine's native integer sort, made unique. */
export function unite(lists: readonly Uint32Array[]): Uint32Array {
  if (lists.length <= 1) return lists[0] ?? new Uint32Array(0);
  const all = new Uint32Array(lists.reduce((sum, list) => sum + list.length, 0));
  let at = 0;
  for (const list of lists) {
    all.set(list, at);
    at += list.length;
  }
  all.sort();
  let count = 0;
  for (let i = 0; i < all.length; i++) if (i === 0 || all[i] !== all[i - 1]) all[count++] = all[i]!;
  return all.slice(0, count);
}

/** First position at or after `from` whose value is not below `wanted`, by doubling steps and then by halving. */
function seek(list: Uint32Array, from: number, wanted: number): number {
  let step = 1;
  let low = from;
  while (low + step < list.length && list[low + step]! < wanted) {
    low += step;
    step *= 2;
  }
  let high = Math.min(low + step, list.length);
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (list[middle]! < wanted) low = middle + 1;
    else high = middle;
  }
  return low;
}
