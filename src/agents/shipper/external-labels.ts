import { load } from 'js-yaml';
import { CodedError } from '../../base/errors.ts';
import { type ClientTls, httpJson } from '../reloader/http-call.ts';

/** The external labels that a running Prometheus has, as its configuration says now. */
export async function externalLabelsOf(
  prometheusUrl: string,
  signal: AbortSignal,
  tls?: ClientTls | undefined,
): Promise<Readonly<Record<string, string>>> {
  type Answer = { data?: { yaml?: string } };
  const url = `${prometheusUrl.replace(/\/+$/, '')}/api/v1/status/config`;
  const answer = await httpJson<Answer>(url, { signal, tls });
  const config = load(answer.data?.yaml ?? '') as { global?: { external_labels?: unknown } } | undefined;
  const labels = config?.global?.external_labels ?? {};
  if (typeof labels !== 'object' || labels === null)
    throw new CodedError('ExternalLabelsMissing', 'external_labels of Prometheus are no map');
  return Object.fromEntries(Object.entries(labels).map(([name, value]) => [name, String(value)]));
}
