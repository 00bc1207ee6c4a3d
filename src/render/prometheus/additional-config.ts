/** Sections of prometheus.yml that the stack adds in Prometheus's own spelling. */
import type { RenderFault } from '../workload/manifest.ts';
import { fileFieldFaults } from './file-fields.ts';
import { relabelFault } from './relabel-check.ts';
import { remoteRead, remoteWrite } from './remote-fields.ts';

type Section = Readonly<Record<string, unknown>>;

const path = 'spec.prometheus.additionalConfig';
const sections = new Set([
  'global',
  'alerting',
  'remote_write',
  'remote_read',
  'storage',
  'tracing',
  'otlp',
  'runtime',
]);
const fixedGlobals: Readonly<Record<string, string>> = {
  external_labels: 'externalLabels',
  scrape_interval: 'scrapeInterval',
  scrape_timeout: 'scrapeTimeout',
  evaluation_interval: 'evaluationInterval',
  query_log_file: 'nothing: the server may not write elsewhere',
  scrape_failure_log_file: 'nothing: the server may not write elsewhere',
};

/** Merges the section `config` into `base`; a section with a fault is left out by name, the others take effect. */
export function mergeAdditionalConfig(
  base: Section,
  config: Section | undefined,
): { readonly config: Section; readonly faults: readonly RenderFault[] } {
  const result: Record<string, unknown> = { ...base };
  const faults: RenderFault[] = [];
  for (const [key, value] of Object.entries(config ?? {})) {
    const found = sectionFaults(key, value);
    faults.push(...found);
    if (found.length > 0) continue;
    if (key === 'global') result[key] = { ...(base[key] as Section), ...(value as Section) };
    else if (key === 'alerting') result[key] = mergeAlerting((base[key] ?? {}) as Section, value as Section);
    else result[key] = value;
  }
  return { config: result, faults };
}

function sectionFaults(key: string, value: unknown): readonly RenderFault[] {
  const at = `${path}.${key}`;
  const fault = (where: string, message: string): RenderFault => ({
    path: where,
    code: 'ConfigInvalid',
    message,
  });
  const files = fileFieldFaults({ [key]: value }, path);
  if (files.length > 0) return files;
  if (!sections.has(key)) return [fault(at, `cannot be set here; known are ${[...sections].join(', ')}`)];
  if (key === 'remote_write' || key === 'remote_read') {
    const wrong =
      (key === 'remote_write' ? remoteWrite : remoteRead)(value) ?? repeatedName(value as Section[]);
    return wrong === undefined ? [] : [fault(at, wrong)];
  }
  if (!isObject(value)) return [fault(at, 'must be an object')];
  if (key === 'global') {
    return Object.keys(value)
      .filter((name) => name in fixedGlobals)
      .map((name) => fault(`${at}.${name}`, `is set by the operator; use ${fixedGlobals[name]}`));
  }
  if (key !== 'alerting') return [];
  return Object.entries(value).flatMap(([name, list]) => {
    if (name !== 'alertmanagers' && name !== 'alert_relabel_configs')
      return [fault(`${at}.${name}`, 'is no known field')];
    if (!Array.isArray(list) || !list.every(isObject))
      return [fault(`${at}.${name}`, 'must be a list of objects')];
    if (name === 'alertmanagers') return [];
    return list.flatMap((rule, position) => {
      const wrong = relabelFault(rule);
      return wrong === undefined ? [] : [fault(`${at}.${name}[${position}]`, wrong)];
    });
  });
}

function repeatedName(entries: readonly Section[]): string | undefined {
  const names = entries.flatMap(({ name }) => (name === undefined ? [] : [String(name)]));
  const repeated = names.find((name, position) => names.indexOf(name) !== position);
  return repeated === undefined ? undefined : `two entries have the name ${repeated}`;
}

/** Further Alertmanagers come after the stack's own; further relabelling before ours, so that ours always holds. */
function mergeAlerting(base: Section, added: Section): Section {
  const list = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : []);
  return {
    alert_relabel_configs: [...list(added.alert_relabel_configs), ...list(base.alert_relabel_configs)],
    alertmanagers: [...list(base.alertmanagers), ...list(added.alertmanagers)],
  };
}

function isObject(value: unknown): value is Section {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
