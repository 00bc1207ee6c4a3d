import { join } from 'node:path';
import type { IndexWriter } from '../../block/index-writer.ts';
import { compareBytes } from '../../format/index-symbols.ts';
import type { BlockInput } from './block-input.ts';
import { SymbolMap } from './symbol-map.ts';

/**
 * Joins the symbols of all inputs into the output's table, in byte order, and gives each input the map from its numbers
 * to the output's. As both orders are byte order, labels compare as numbers afterwards.
 */
export async function mergeSymbols(
  inputs: readonly BlockInput[],
  index: IndexWriter,
  folder: string,
  memoryBytes: number,
): Promise<void> {
  const share = memoryBytes / Math.max(1, inputs.length);
  inputs.forEach((input, i) => {
    input.map = new SymbolMap(input.symbols.count, join(folder, `symbols-${i}`), share);
  });
  const live: BlockInput[] = [];
  for (const input of inputs) if (await advance(input)) live.push(input);
  let number = 0;
  while (live.length > 0) {
    let least = live[0]!.symbols.text;
    for (let i = 1; i < live.length; i++) {
      const { text } = live[i]!.symbols;
      if (compareBytes(text, least) < 0) least = text;
    }
    const isUsed = live.some((input) => compareBytes(input.symbols.text, least) === 0 && input.usesSymbol());
    // The empty text is in every table from the start. What no series that is left has gets a number that none asks for.
    if (least.length > 0 && isUsed) number = index.addSymbol(least);
    for (let i = live.length - 1; i >= 0; i--) {
      const input = live[i]!;
      if (compareBytes(input.symbols.text, least) !== 0) continue;
      input.noteSymbol();
      input.map.push(number);
      const more = input.symbols.tryNext() ?? (await advance(input));
      if (!more) live.splice(i, 1);
    }
  }
  for (const input of inputs) input.map.seal();
  index.finishSymbols();
}

async function advance(input: BlockInput): Promise<boolean> {
  for (;;) {
    const more = input.symbols.tryNext();
    if (more !== undefined) return more;
    await input.symbols.load();
  }
}
