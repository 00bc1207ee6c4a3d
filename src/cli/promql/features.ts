import { CodedError } from '../../base/errors.ts';
import {
  type PromqlFeatureFlag,
  type PromqlOptions,
  promqlFeatureFlags,
} from '../../storage-engine/promql/syntax/dialect.ts';

/** Feature flags of PromQL from a list separated by commas. */
export function featureFlags(list: string): PromqlOptions {
  const names = list.split(',').filter((name) => name !== '');
  const unknown = names.find((name) => !(promqlFeatureFlags as readonly string[]).includes(name));
  if (unknown !== undefined) {
    throw new CodedError(
      'InvalidOption',
      `--enable-feature: ${JSON.stringify(unknown)} is no feature flag of PromQL`,
      { action: `Use one of ${promqlFeatureFlags.join(', ')}.` },
    );
  }
  return { features: names as PromqlFeatureFlag[] };
}
