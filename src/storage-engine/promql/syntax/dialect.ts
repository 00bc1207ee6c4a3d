/** Feature flags of Prometheus (`--enable-feature`) that change what the parser accepts. */
export const promqlFeatureFlags = [
  'promql-experimental-functions',
  'promql-duration-expr',
  'promql-extended-range-selectors',
  'promql-binop-fill-modifiers',
] as const;

export type PromqlFeatureFlag = (typeof promqlFeatureFlags)[number];

/** What to accept: a Prometheus version and its feature flags. */
export interface PromqlOptions {
  /** Like `3.5.3` or `v3.14.0`; only major and minor count. Default: the newest known. */
  readonly version?: string;
  /** Names from `promqlFeatureFlags`; unknown names are ignored, as many flags do not concern the parser. */
  readonly features?: readonly string[];
}

/** A release as one comparable number: 3.14 is 3014. */
export type Release = number;

export const newestRelease: Release = 3014;

/** The first release with each part of the syntax that came after 3.0. */
export const syntaxSince = {
  durationExpr: 3004,
  /** `step()` in durations. */
  durationStep: 3006,
  /** `range()` in durations. */
  durationRange: 3010,
  /** `min_of(a, b)`, `max_of(a, b)` in durations; earlier they were `min` and `max`. */
  durationMinMaxOf: 3013,
  anchored: 3007,
  smoothed: 3007,
  fill: 3010,
  trim: 3011,
  /** `start()`, `end()`, `range()`, `step()` as functions. */
  queryFunctions: 3012,
  /** Duration expressions need no flag any more. */
  durationExprStable: 3014,
} as const satisfies Record<string, Release>;

/** A resolved set of options. */
export interface Dialect {
  readonly release: Release;
  readonly experimentalFunctions: boolean;
  readonly durationExpr: boolean;
  readonly extendedRange: boolean;
  readonly fillModifiers: boolean;
}

/** Resolves options; a version that cannot be read, or is newer than known, counts as the newest. */
export function resolveDialect(options: PromqlOptions = {}): Dialect {
  const features = new Set(options.features ?? []);
  const release = parseRelease(options.version);
  return {
    release,
    experimentalFunctions: features.has('promql-experimental-functions'),
    durationExpr: features.has('promql-duration-expr') || release >= syntaxSince.durationExprStable,
    extendedRange: features.has('promql-extended-range-selectors'),
    fillModifiers: features.has('promql-binop-fill-modifiers'),
  };
}

function parseRelease(version: string | undefined): Release {
  const match = version === undefined ? null : /^v?(\d{1,3})\.(\d{1,3})/.exec(version);
  if (match === null) return newestRelease;
  return Math.min(Number(match[1]) * 1000 + Number(match[2]), newestRelease);
}
