import type { BenchQuery } from '../classes.ts';
import type { BenchServer } from '../servers.ts';

/** What all scenarios find. */
export interface Bench {
  /** Blocks of one server, 12 h of them, and the time of their end in seconds. */
  readonly blocks: string;
  readonly endSeconds: number;
  /** A folder for files of this run. */
  readonly folder: string;
  readonly runs: number;
  readonly say: (text: string) => void;
  /** Blocks of the second server of a pair; written when first asked for. */
  replicaBlocks(): Promise<string>;
}

/** Rows beyond the classes: servers of their own, and what they are measured by. */
export interface Scenario {
  readonly name: string;
  run(bench: Bench): Promise<readonly ScenarioRow[]>;
}

export interface ScenarioRow {
  readonly name: string;
  readonly ours: number;
  /** Prometheus's, or what the ratio is to. */
  readonly theirs?: number;
  readonly thanos?: number;
  /** Largest ratio ours / theirs. */
  readonly must?: number;
  /** Instead of a ratio. */
  readonly note?: string;
}

/** Servers that are asked in turns. */
export interface Contestants {
  readonly ours: BenchServer;
  readonly theirs?: BenchServer;
  readonly thanos?: BenchServer;
}

export type Check = (query: BenchQuery, path: string) => Promise<void>;
