import { RE2JS } from 're2js';

const actions: Readonly<Record<string, readonly string[]>> = {
  replace: ['source_labels', 'separator', 'regex', 'target_label', 'replacement'],
  keep: ['source_labels', 'separator', 'regex'],
  drop: ['source_labels', 'separator', 'regex'],
  keepequal: ['source_labels', 'target_label'],
  dropequal: ['source_labels', 'target_label'],
  hashmod: ['source_labels', 'separator', 'target_label', 'modulus'],
  labelmap: ['regex', 'replacement'],
  labeldrop: ['regex'],
  labelkeep: ['regex'],
  lowercase: ['source_labels', 'separator', 'target_label'],
  uppercase: ['source_labels', 'separator', 'target_label'],
};

const fields = new Set([
  'action',
  'source_labels',
  'separator',
  'regex',
  'target_label',
  'replacement',
  'modulus',
]);

/** Why Prometheus would refuse this relabelling rule, or undefined. (relabel.Config.Validate) */
export function relabelFault(rule: unknown): string | undefined {
  if (typeof rule !== 'object' || rule === null || Array.isArray(rule)) return 'must be an object';
  const config = rule as Record<string, unknown>;
  const unknown = Object.keys(config).find((key) => !fields.has(key));
  if (unknown !== undefined) return `unknown field ${unknown}`;
  const action =
    typeof config.action === 'string' ? config.action.toLowerCase() : (config.action ?? 'replace');
  const allowed = typeof action === 'string' ? actions[action] : undefined;
  if (allowed === undefined) return `unknown action ${JSON.stringify(config.action)}`;
  if (/^label|equal$/.test(String(action))) {
    const other = Object.keys(config).find((key) => key !== 'action' && !allowed.includes(key));
    if (other !== undefined) return `action ${String(action)} takes no ${other}`;
  }
  const { source_labels: sources, regex, target_label: target, modulus } = config;
  if (
    sources !== undefined &&
    !(Array.isArray(sources) && sources.every((label) => typeof label === 'string'))
  ) {
    return 'source_labels must be a list of label names';
  }
  for (const key of ['separator', 'target_label', 'replacement'] as const) {
    if (config[key] !== undefined && typeof config[key] === 'object') return `${key} must be a text`;
  }
  if (regex !== undefined && regex !== null) {
    if (typeof regex === 'object') return 'regex must be a text';
    try {
      RE2JS.compile(`^(?s:${String(regex)})$`);
    } catch (error) {
      return `regex: ${error instanceof Error ? error.message : String(error)}`;
    }
  }
  if (action === 'hashmod' && !(typeof modulus === 'number' && Number.isInteger(modulus) && modulus > 0)) {
    return 'hashmod needs a modulus above 0';
  }
  if (allowed.includes('target_label') && (target === undefined || target === '')) {
    return `action ${String(action)} needs target_label`;
  }
  return undefined;
}
