import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const batch = 4000;

/**
 * Asks a real promtool about each expression: its error text, or undefined where it accepts. Texts are given to it
 * as recording rules, thousands in one run.
 */
export function promtoolVerdicts(
  promtool: string,
  expressions: readonly string[],
  features: readonly string[] = [],
): (string | undefined)[] {
  const flags = features.length > 0 ? [`--enable-feature=${features.join(',')}`] : [];
  return inBatches(
    promtool,
    flags,
    expressions,
    (expr, index) => ({ record: `r${index}`, expr }),
    expressionFault,
  );
}

/** The same for templates in annotations of alerts: `line: message`, or undefined where it accepts. */
export function promtoolTemplateVerdicts(
  promtool: string,
  templates: readonly string[],
): (string | undefined)[] {
  const ruleOf = (text: string, index: number) => ({
    alert: `r${index}`,
    expr: 'up',
    annotations: { a: text },
  });
  return inBatches(promtool, [], templates, ruleOf, templateFault);
}

const expressionFault = /group "g", rule (\d+), "r\d+": (?:could not parse expression: )?()/g;
const templateFault = /group "g", rule (\d+), "r\d+": annotation "a": template: __alert_r\d+:(\d+: )/g;

function inBatches(
  promtool: string,
  flags: readonly string[],
  texts: readonly string[],
  ruleOf: (text: string, index: number) => unknown,
  fault: RegExp,
): (string | undefined)[] {
  const verdicts: (string | undefined)[] = [];
  for (let at = 0; at < texts.length; at += batch) {
    const part = texts.slice(at, at + batch);
    verdicts.push(...verdictsOf(promtool, flags, part.map(ruleOf), fault));
  }
  return verdicts;
}

function verdictsOf(promtool: string, flags: readonly string[], rules: readonly unknown[], fault: RegExp) {
  const directory = mkdtempSync(join(tmpdir(), 'promtool-'));
  try {
    const file = join(directory, 'rules.json');
    // JSON is YAML; rules are numbered from 1 in promtool's output.
    writeFileSync(file, JSON.stringify({ groups: [{ name: 'g', rules }] }));
    const run = spawnSync(promtool, ['check', 'rules', '--lint=none', ...flags, file], {
      encoding: 'utf8',
      maxBuffer: 1 << 30,
    });
    if (run.error !== undefined) throw run.error;
    const verdicts = new Array<string | undefined>(rules.length).fill(undefined);
    const output = run.stdout + run.stderr;
    const starts = [...output.matchAll(fault)];
    for (const [index, match] of starts.entries()) {
      const end = starts[index + 1]?.index ?? output.length;
      const body = output.slice(match.index + match[0].length, end);
      // What follows the message is the place of the next one.
      const message = body.replace(/\n[^\n]*rules\.json: (?:\d+:\d+: )?$/, '').trimEnd();
      verdicts[Number(match[1]) - 1] = (match[2] ?? '') + message;
    }
    if (run.status !== 0 && starts.length === 0) throw new Error(`promtool failed: ${output.slice(0, 2000)}`);
    return verdicts;
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}
