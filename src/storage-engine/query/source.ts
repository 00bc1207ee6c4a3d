import type { Selection } from '../block/selection.ts';
import type { Labels } from '../promql/exec/labels.ts';
import type { SelectHints } from '../promql/exec/sample-source.ts';
import type { LabelMatcher } from '../promql/syntax/ast.ts';
import type { SampleColumns } from '../samples/sample-columns.ts';
import type { BlockTime } from './coverage.ts';
import type { LiveTail } from './live-tail.ts';
import type { QueryBudget } from './query-budget.ts';
import type { SourceResolution } from './resolution.ts';
import type { SelectionEstimate, SourceDescription } from './source-description.ts';

/** Series as one source has them: external labels attached, replica label included, samples of the hints or more. */
export interface StoredSeries {
  readonly labels: Labels;
  readonly columns: SampleColumns;
}

/** What one query tells its sources and hears from them. */
export interface QueryScope {
  readonly signal: AbortSignal;
  /** Time that the query has in all. */
  readonly timeoutMs: number;
  /** Names a source or a block that could not answer: the result is partial. */
  readonly partial: (reason: string) => void;
  /** Says of a whole result what its reader must know. */
  readonly warn?: (reason: string) => void;
  /** Coarsest samples that it likes; absent: raw ones. */
  readonly maxSourceResolution?: SourceResolution;
  /** What the query holds, checked with each part. */
  readonly budget?: QueryBudget;
}

/** `data` of an answer, and the labels that the server adds to what leaves it. */
export interface ServerAnswer {
  readonly data: unknown;
  readonly external: Labels;
}

/** A holder of series: the blocks of a bucket, or a live server. Faults of parts are told to the scope, others thrown. */
export interface SeriesHolder {
  /** For warnings and diagnostics. */
  readonly name: string;
  /** It stands for one that is expected and not there: every question fails. */
  readonly isAbsent?: boolean;
  select(
    matchers: readonly LabelMatcher[],
    hints: SelectHints,
    scope: QueryScope,
  ): Promise<readonly StoredSeries[]>;
  /**
   * The same series as columns of chunks, before any chunk is read; only of a holder of blocks. `dropLabels` are taken off
   * the series: those that tell replicas apart. `beside` is merged with them.
   */
  selectChunks?(
    matchers: readonly LabelMatcher[],
    hints: SelectHints,
    dropLabels: readonly string[],
    scope: QueryScope,
    beside?: readonly LiveTail[],
  ): Promise<Selection>;
  /**
   * The same series for `selectChunks` of another holder; only of a live server. Samples before `fromMs` are not among
   * them. Undefined where it has what kernels do not take. The budget holds the tail until it is released.
   */
  selectTail?(
    matchers: readonly LabelMatcher[],
    hints: SelectHints,
    scope: QueryScope,
    fromMs: number,
  ): Promise<LiveTail | undefined>;
  /** Label names, and the values of one label, of series that any of the selectors takes (all series without one). */
  labelNames(
    selectors: readonly (readonly LabelMatcher[])[],
    hints: SelectHints,
    scope: QueryScope,
  ): Promise<ReadonlySet<string>>;
  labelValues(
    name: string,
    selectors: readonly (readonly LabelMatcher[])[],
    hints: SelectHints,
    scope: QueryScope,
  ): Promise<ReadonlySet<string>>;
  /** Label sets of the series of the selectors that have samples, or chunks, in the time of the hints. */
  series(
    selectors: readonly (readonly LabelMatcher[])[],
    hints: SelectHints,
    scope: QueryScope,
  ): Promise<readonly Labels[]>;
  /** What it answers for a time comes from: another text, and it may answer otherwise. Undefined where it cannot say. */
  stateOf?(startMs: number, endMs: number): Promise<string | undefined>;
  /** Times of the raw blocks with exactly these external labels, as last listed; only of a holder of blocks. */
  blockTimes?(external: Labels): Promise<readonly BlockTime[]>;
  /** Lists its blocks anew. */
  listAgain?(): Promise<void>;
  /** Of a live server that may ship blocks: its external labels, and for how long it takes late samples. */
  shipping?(scope: QueryScope): Promise<{ readonly external: Labels; readonly outOfOrderMs: number }>;
  /** What a live server's own HTTP API answers: of rules, alerts and targets only it knows. */
  fromServer?(path: string, scope: QueryScope): Promise<ServerAnswer>;
  /** Raises where it could not answer a query now; cheap, as it is asked often. */
  check?(scope: QueryScope): Promise<void>;
  /** What it holds, for diagnostics. Raises where it cannot answer. */
  describe?(scope: QueryScope): Promise<SourceDescription>;
  /** What a selection would read; no samples are read for it. */
  estimate?(
    matchers: readonly LabelMatcher[],
    hints: SelectHints,
    scope: QueryScope,
  ): Promise<SelectionEstimate>;
  close(): Promise<void>;
}
