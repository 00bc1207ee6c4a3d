/** Longest name for which a similar one is looked for. */
const maxNameChars = 64;

/** The candidate that was probably meant by `name`: the same in another spelling, or a few letters away. */
export function suggestName(name: string, candidates: Iterable<string>): string | undefined {
  if (name.length > maxNameChars) return undefined;
  const plain = plainForm(name);
  let best: string | undefined;
  let bestDistance = Math.max(1, Math.floor(plain.length / 3)) + 1;
  for (const candidate of candidates) {
    const other = plainForm(candidate);
    if (other === plain) return candidate;
    if (Math.abs(other.length - plain.length) >= bestDistance) continue;
    const distance = editDistance(plain, other);
    if (distance < bestDistance) {
      bestDistance = distance;
      best = candidate;
    }
  }
  return best;
}

/** Lower case without separators, so that `keep_firing_for` is `keepFiringFor`. */
function plainForm(name: string): string {
  return name.toLowerCase().replace(/[-_. ]/g, '');
}

/** Insertions, deletions, replacements and swaps of neighbours that lead from one to the other (optimal string alignment). */
export function editDistance(left: string, right: string): number {
  let beforeLast: number[] = [];
  let last = Array.from({ length: right.length + 1 }, (_, index) => index);
  for (let i = 1; i <= left.length; i++) {
    const current = [i];
    for (let j = 1; j <= right.length; j++) {
      const replaced = last[j - 1]! + (left[i - 1] === right[j - 1] ? 0 : 1);
      let least = Math.min(last[j]! + 1, current[j - 1]! + 1, replaced);
      if (i > 1 && j > 1 && left[i - 1] === right[j - 2] && left[i - 2] === right[j - 1])
        least = Math.min(least, beforeLast[j - 2]! + 1);
      current.push(least);
    }
    beforeLast = last;
    last = current;
  }
  return last[right.length]!;
}
