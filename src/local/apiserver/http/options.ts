import { ApiError, fault, invalid } from '../api-error.ts';
import type { WriteOptions } from '../rest/context.ts';

const kindOf = { create: 'CreateOptions', update: 'UpdateOptions', patch: 'PatchOptions' } as const;

/** Query parameters of a write. Without `fieldManager` the client's program name manages the fields. */
export function writeOptions(
  query: URLSearchParams,
  userAgent: string | undefined,
  verb: 'create' | 'update' | 'patch',
): WriteOptions {
  const group = { group: 'meta.k8s.io', kind: kindOf[verb] };
  const dryRuns = query.getAll('dryRun');
  if (dryRuns.some((value) => value !== 'All' && value !== ''))
    throw invalid(group, '', [fault.unsupported('dryRun', dryRuns, ['All'])]);
  const validation = query.get('fieldValidation') || 'Warn';
  if (validation !== 'Ignore' && validation !== 'Warn' && validation !== 'Strict')
    throw invalid(group, '', [
      fault.unsupported('fieldValidation', validation, ['', 'Ignore', 'Strict', 'Warn']),
    ]);
  const manager = query.get('fieldManager') ?? '';
  if (manager.length > 128) throw invalid(group, '', [fault.tooLong('fieldManager', 128)]);
  return {
    dryRun: dryRuns.includes('All'),
    fieldManager: manager || (userAgent ?? '').split('/')[0]!.slice(0, 128) || 'unknown',
    fieldValidation: validation,
    force: query.get('force') === 'true',
    patch: verb === 'patch',
    warnings: [],
  };
}

export const notAcceptable = () =>
  new ApiError(
    406,
    'NotAcceptable',
    'only the following media types are accepted: application/json, application/yaml, application/json;as=Table;v=v1;g=meta.k8s.io, application/json;as=PartialObjectMetadata;v=v1;g=meta.k8s.io',
  );
