import { ascending } from '../index/ascending.ts';
import { compareRanges, type LabelRanges } from './part-labels.ts';

/** Lists of label sets, each sorted and without doubles, as one. */
export interface MergedOrder {
  readonly count: number;
  /** A list that has the label set of each id, and the position in it. */
  readonly listOf: Uint16Array;
  readonly positionOf: Uint32Array;
  /** For each list the ids of its label sets. */
  readonly ids: readonly Uint32Array[];
}

interface Node {
  readonly listOf: Uint16Array;
  readonly positionOf: Uint32Array;
  readonly length: number;
  /** Places of the lists from `first` on in this node. */
  readonly places: Uint32Array[];
}

/** Merges sorted lists pair by pair, neighbours first: the comparisons grow with the logarithm of the lists' number. */
export function mergeOrders(keys: Float64Array, lists: readonly LabelRanges[]): MergedOrder {
  if (lists.length === 0)
    return { count: 0, listOf: new Uint16Array(0), positionOf: new Uint32Array(0), ids: [] };
  let nodes = lists.map((list, i): Node => {
    const length = list.from.length;
    const positions = ascending(length);
    return { listOf: new Uint16Array(length).fill(i), positionOf: positions, length, places: [positions] };
  });
  while (nodes.length > 1) {
    const next: Node[] = [];
    for (let i = 0; i < nodes.length; i += 2)
      next.push(i + 1 < nodes.length ? mergeTwo(keys, lists, nodes[i]!, nodes[i + 1]!) : nodes[i]!);
    nodes = next;
  }
  const [{ length, listOf, positionOf, places }] = nodes as [Node];
  return { count: length, listOf, positionOf, ids: places };
}

function mergeTwo(keys: Float64Array, lists: readonly LabelRanges[], a: Node, b: Node): Node {
  const listOf = new Uint16Array(a.length + b.length);
  const positionOf = new Uint32Array(a.length + b.length);
  const placesA = new Uint32Array(a.length);
  const placesB = new Uint32Array(b.length);
  let [i, j, length] = [0, 0, 0];
  while (i < a.length || j < b.length) {
    const order =
      i === a.length
        ? 1
        : j === b.length
          ? -1
          : compareRanges(
              keys,
              lists[a.listOf[i]!]!,
              a.positionOf[i]!,
              lists[b.listOf[j]!]!,
              b.positionOf[j]!,
            );
    listOf[length] = order <= 0 ? a.listOf[i]! : b.listOf[j]!;
    positionOf[length] = order <= 0 ? a.positionOf[i]! : b.positionOf[j]!;
    if (order <= 0) placesA[i++] = length;
    if (order >= 0) placesB[j++] = length;
    length++;
  }
  return {
    listOf: listOf.subarray(0, length),
    positionOf: positionOf.subarray(0, length),
    length,
    places: [...through(a.places, placesA), ...through(b.places, placesB)],
  };
}

function through(places: readonly Uint32Array[], next: Uint32Array): Uint32Array[] {
  return places.map((list) => {
    const out = new Uint32Array(list.length);
    for (let i = 0; i < list.length; i++) out[i] = next[list[i]!]!;
    return out;
  });
}
