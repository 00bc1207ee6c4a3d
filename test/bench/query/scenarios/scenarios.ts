import { manyBlocks } from './many-blocks.ts';
import { halfLive, pair } from './pair.ts';
import type { Scenario } from './scenario.ts';

/** One a line. */
export const scenarios: readonly Scenario[] = [pair, halfLive, manyBlocks];
