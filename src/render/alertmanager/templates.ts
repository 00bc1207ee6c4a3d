/** The template files of one AlertRoute, and the check of every template text in its receivers. */
import type { AlertRouteSpec } from '../../crds/alert-route.ts';
import type { FaultList } from './checks/fault.ts';
import { builtInTemplates, prefixNames, scanTemplate, type TemplateName } from './checks/template.ts';

export interface ObjectTemplates {
  /** File name -> text with prefixed names; files at fault are left out. */
  readonly files: Readonly<Record<string, string>>;
  /** Names, without prefix, that receivers may use. */
  readonly names: ReadonlySet<string>;
}

type TemplateFile = NonNullable<AlertRouteSpec['templates']>[number];

/** Most templates that one may call, directly and through others: guards a shared server against exploding text. */
const maxExpansions = 10_000;

export function renderTemplates(
  files: readonly TemplateFile[],
  prefix: string,
  version: string,
  faults: FaultList,
): ObjectTemplates {
  const reserved = builtInTemplates(version);
  const good: TemplateFile[] = [];
  const calls = new Map<string, readonly string[]>();
  for (const file of files) {
    const path = `spec.templates[${file.name}].text`;
    const before = faults.length;
    const { names, fault } = scanTemplate(file.text, version);
    if (!file.text.isWellFormed()) faults.add(path, 'InvalidTemplate', 'is not valid Unicode');
    if (fault !== undefined) faults.add(path, 'InvalidTemplate', fault.message, fault);
    for (const [name, used] of callsOf(names)) {
      if (reserved.has(name)) {
        faults.add(
          path,
          'InvalidTemplate',
          `${JSON.stringify(name)} is Alertmanager's own: choose another name`,
        );
      } else if (calls.has(name)) {
        faults.add(path, 'InvalidTemplate', `${JSON.stringify(name)} is defined twice`);
      } else calls.set(name, used);
    }
    if (faults.length === before) good.push(file);
    else for (const { keyword, name } of names) if (keyword !== 'template') calls.delete(name);
  }
  const own = new Set(calls.keys());
  const kept = good.filter((file) => {
    const names = scanTemplate(file.text, version).names;
    const path = `spec.templates[${file.name}].text`;
    const unknown = names.find(
      ({ keyword, name }) => keyword === 'template' && !own.has(name) && !reserved.has(name),
    );
    const endless = names.find(
      ({ keyword, name }) => keyword !== 'template' && expansions(name, calls) > maxExpansions,
    );
    if (unknown !== undefined)
      faults.add(path, 'TemplateUndefined', `there is no template ${JSON.stringify(unknown.name)}`);
    if (endless !== undefined) {
      faults.add(
        path,
        'LimitExceeded',
        `${JSON.stringify(endless.name)} calls itself, or calls more than ${maxExpansions} templates`,
      );
    }
    return unknown === undefined && endless === undefined;
  });
  const defined = kept.flatMap((file) =>
    scanTemplate(file.text, version).names.filter(({ keyword }) => keyword !== 'template'),
  );
  return {
    files: Object.fromEntries(kept.map((file) => [file.name, prefixNames(file.text, own, prefix, version)])),
    names: new Set(defined.map(({ name }) => name)),
  };
}

/** Which templates each definition calls. Definitions stand at the top level, so the next one ends the one before. */
function callsOf(names: readonly TemplateName[]): ReadonlyMap<string, readonly string[]> {
  const calls = new Map<string, string[]>();
  let current: string[] = [];
  for (const { keyword, name } of names) {
    if (keyword === 'template') current.push(name);
    else {
      current = [];
      calls.set(name, current);
    }
  }
  return calls;
}

function expansions(
  name: string,
  calls: ReadonlyMap<string, readonly string[]>,
  open: readonly string[] = [],
): number {
  if (open.includes(name)) return Number.POSITIVE_INFINITY;
  let sum = 1;
  for (const called of calls.get(name) ?? []) {
    sum += expansions(called, calls, [...open, name]);
    if (sum > maxExpansions) return sum;
  }
  return sum;
}

/** A function for FieldContext.template: checks one text, prefixes the object's own names in it. */
export function fieldTemplate(
  templates: ReadonlySet<string>,
  prefix: string,
  version: string,
  faults: FaultList,
): (text: string, path: string) => string {
  const reserved = builtInTemplates(version);
  return (text, path) => {
    const { names, fault } = scanTemplate(text, version);
    if (fault !== undefined) {
      faults.add(path, 'InvalidTemplate', fault.message, { line: fault.line, column: fault.column });
      return text;
    }
    const local = new Set(names.filter(({ keyword }) => keyword !== 'template').map(({ name }) => name));
    for (const { keyword, name } of names) {
      if (keyword === 'template' && !templates.has(name) && !reserved.has(name) && !local.has(name)) {
        faults.add(path, 'TemplateUndefined', `there is no template ${JSON.stringify(name)}`);
      }
    }
    return prefixNames(text, templates, prefix, version);
  };
}
