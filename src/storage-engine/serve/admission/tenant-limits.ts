import { load } from 'js-yaml';
import { CodedError } from '../../../base/errors.ts';
import type { QueryLimits } from '../../query/query-budget.ts';

/** What one tenant may: per query, and queries at once. */
export interface TenantLimits extends QueryLimits {
  readonly concurrency: number;
}

const members: Readonly<Record<string, keyof TenantLimits>> = {
  max_series: 'maxSeries',
  max_chunks: 'maxChunks',
  max_selected_samples: 'maxSelectedSamples',
  max_samples: 'maxSamples',
  max_memory_bytes: 'maxBytes',
  max_concurrency: 'concurrency',
};

/**
 * Limits by tenant over those of all others, from YAML: a tenant's name, below it any of `max_series`, `max_chunks`,
 * `max_selected_samples`, `max_samples`, `max_memory_bytes` and `max_concurrency`. Raises `InvalidOption`.
 */
export function parseTenantLimits(text: string, others: TenantLimits): (tenant: string) => TenantLimits {
  let tree: unknown;
  try {
    tree = text.trim() === '' ? {} : load(text);
  } catch {
    throw new CodedError('InvalidOption', 'the file of tenant limits is no YAML');
  }
  const limits = new Map<string, TenantLimits>();
  for (const [tenant, own] of Object.entries(asObject(tree ?? {}, 'the file of tenant limits'))) {
    const over: { -readonly [member in keyof TenantLimits]?: number } = {};
    for (const [name, value] of Object.entries(asObject(own ?? {}, `limits of tenant ${tenant}`))) {
      const member = Object.hasOwn(members, name) ? members[name] : undefined;
      if (member === undefined || typeof value !== 'number' || !(value > 0))
        throw new CodedError(
          'InvalidOption',
          `limits of tenant ${tenant}: ${name} is not one of ${Object.keys(members).join(', ')} with a positive number`,
        );
      over[member] = value;
    }
    limits.set(tenant, { ...others, ...over });
  }
  return (tenant) => limits.get(tenant) ?? others;
}

function asObject(value: unknown, what: string): object {
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw new CodedError('InvalidOption', `${what} is no mapping`);
  return value;
}
