import type { Clock } from '../../base/clock.ts';
import type { Logger } from '../../base/log.ts';
import type { MetricsRegistry } from '../../base/metrics.ts';
import type { PromqlOptions } from '../promql/syntax/dialect.ts';
import type { FederationOptions } from '../query/federation.ts';
import type { SourceResolution } from '../query/resolution.ts';
import type { AdmissionOptions } from './admission/admission.ts';

/** What a query server is made of. */
export interface ApiOptions {
  readonly federation: FederationOptions;
  readonly dialect: PromqlOptions;
  readonly clock: Clock;
  readonly log: Logger;
  /** The release of Prometheus whose PromQL and API this is. */
  readonly version: string;
  /** Options by name, for `status/flags`; nothing secret. */
  readonly flags?: Readonly<Record<string, string>>;
  /** Who may run how much; where absent, one tenant with the limits of limits.ts. */
  readonly admission?: Partial<AdmissionOptions>;
  /** Memory of the cache of range queries; absent or 0: nothing is kept. */
  readonly rangeCacheBytes?: number;
  /** Coarsest samples for requests that do not say; absent: raw ones. */
  readonly maxSourceResolution?: SourceResolution;
  /** Served as `/metrics`. */
  readonly metrics?: MetricsRegistry;
}
