import { type Dialect, type Release, syntaxSince } from './dialect.ts';

/** The types of values in PromQL. */
export type ValueType = 'scalar' | 'vector' | 'matrix' | 'string';

/** The type's name in messages. */
export function documentedType(type: ValueType): string {
  if (type === 'vector') return 'instant vector';
  return type === 'matrix' ? 'range vector' : type;
}

/** A function's signature. */
export interface FunctionSignature {
  readonly name: string;
  readonly args: readonly ValueType[];
  /** 0: exactly `args`; n > 0: the last argument may be absent or come up to n times; -1: any number of times. */
  readonly variadic: number;
  readonly returns: ValueType;
  /** First release that knows it. */
  readonly since: Release;
  /** Needs `promql-experimental-functions`, until `stableSince`. */
  readonly experimental: boolean;
  readonly stableSince?: Release;
}

type Options = Partial<Pick<FunctionSignature, 'variadic' | 'since' | 'experimental' | 'stableSince'>>;

const signatures = new Map<string, FunctionSignature>();

function define(names: string, args: readonly ValueType[], returns: ValueType, options: Options = {}): void {
  for (const name of names.split(' ')) {
    signatures.set(name, { name, args, returns, variadic: 0, since: 3000, experimental: false, ...options });
  }
}

const experimental = { experimental: true } as const;

define('abs absent ceil exp floor ln log10 log2 sgn sort sort_desc sqrt timestamp', ['vector'], 'vector');
define('acos acosh asin asinh atan atanh cos cosh deg rad sin sinh tan tanh', ['vector'], 'vector');
define('histogram_avg histogram_count histogram_stddev histogram_stdvar histogram_sum', ['vector'], 'vector');
define('start_timestamp', ['vector'], 'vector', { ...experimental, since: 3014 });
define('absent_over_time avg_over_time changes count_over_time delta deriv idelta increase irate last_over_time max_over_time min_over_time present_over_time rate resets stddev_over_time stdvar_over_time sum_over_time', [
  'matrix',
], 'vector');
define('first_over_time', ['matrix'], 'vector', { ...experimental, since: 3007, stableSince: 3014 });
define('mad_over_time', ['matrix'], 'vector', experimental);
define('ts_of_last_over_time ts_of_max_over_time ts_of_min_over_time', ['matrix'], 'vector', {
  ...experimental,
  since: 3005,
});
define('ts_of_first_over_time', ['matrix'], 'vector', { ...experimental, since: 3007 });
define('quantile_over_time', ['scalar', 'matrix'], 'vector');
define('predict_linear', ['matrix', 'scalar'], 'vector');
define('double_exponential_smoothing', ['matrix', 'scalar', 'scalar'], 'vector', experimental);
define('clamp', ['vector', 'scalar', 'scalar'], 'vector');
define('clamp_max clamp_min', ['vector', 'scalar'], 'vector');
define('round', ['vector', 'scalar'], 'vector', { variadic: 1 });
define('days_in_month day_of_month day_of_week day_of_year hour minute month year', ['vector'], 'vector', {
  variadic: 1,
});
define('histogram_fraction', ['scalar', 'scalar', 'vector'], 'vector');
define('histogram_quantile', ['scalar', 'vector'], 'vector');
define('histogram_quantiles', ['vector', 'string', 'scalar', 'scalar'], 'vector', {
  ...experimental,
  since: 3011,
  variadic: 9,
});
define('info', ['vector', 'vector'], 'vector', { ...experimental, variadic: 1 });
define('label_replace', ['vector', 'string', 'string', 'string', 'string'], 'vector');
define('label_join', ['vector', 'string', 'string', 'string'], 'vector', { variadic: -1 });
define('sort_by_label sort_by_label_desc', ['vector', 'string'], 'vector', { ...experimental, variadic: -1 });
define('pi time', [], 'scalar');
define('scalar', ['vector'], 'scalar');
define('vector', ['scalar'], 'vector');
define('start end range step', [], 'scalar', { ...experimental, since: syntaxSince.queryFunctions });
define('max_of min_of', ['scalar', 'scalar'], 'scalar', { ...experimental, since: 3013 });

/** The signature of a function that this release knows, by its exact name. */
export function findFunction(name: string, release: Release): FunctionSignature | undefined {
  const signature = signatures.get(name);
  return signature === undefined || signature.since > release ? undefined : signature;
}

/** Whether a function may be called without, or thanks to, the experimental flag. */
export function isFunctionEnabled(signature: FunctionSignature, dialect: Dialect): boolean {
  if (!signature.experimental || dialect.experimentalFunctions) return true;
  return signature.stableSince !== undefined && dialect.release >= signature.stableSince;
}

/** All functions of a release, sorted by name. */
export function functionsOf(release: Release): readonly FunctionSignature[] {
  return [...signatures.values()]
    .filter((signature) => signature.since <= release)
    .sort((a, b) => (a.name < b.name ? -1 : 1));
}
