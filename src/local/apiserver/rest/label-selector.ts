import { badRequest } from '../api-error.ts';
import { listAt, objectAt, stringAt } from '../object.ts';

type Labels = Readonly<Record<string, string>>;
export type LabelPredicate = (labels: Labels) => boolean;

const has = (labels: Labels, key: string) => Object.hasOwn(labels, key);

/** Text form of label selectors: `a=b,c!=d,e in (f,g),h notin (i),j,!k,l>1`. Undefined selects everything. */
export function parseLabelSelector(text: string): LabelPredicate | undefined {
  const tests: LabelPredicate[] = [];
  for (const part of splitRequirements(text)) tests.push(parseRequirement(part.trim(), text));
  return tests.length === 0 ? undefined : (labels) => tests.every((test) => test(labels));
}

function splitRequirements(text: string): string[] {
  const parts: string[] = [];
  let depth = 0;
  let start = 0;
  for (let index = 0; index < text.length; index++) {
    const character = text[index];
    if (character === '(') depth++;
    else if (character === ')') depth--;
    else if (character === ',' && depth === 0) {
      parts.push(text.slice(start, index));
      start = index + 1;
    }
  }
  parts.push(text.slice(start));
  return parts.filter((part) => part.trim() !== '');
}

const keyText = '[A-Za-z0-9][-A-Za-z0-9_./]*';
const equality = new RegExp(`^(${keyText})\\s*(==|=|!=|>|<)\\s*([-A-Za-z0-9_.]*)$`);
const membership = new RegExp(`^(${keyText})\\s+(in|notin)\\s*\\(([^()]*)\\)$`);
const existence = new RegExp(`^(!?)\\s*(${keyText})$`);

function parseRequirement(part: string, whole: string): LabelPredicate {
  const exists = existence.exec(part);
  if (exists !== null) {
    const [, not, key] = exists as unknown as [string, string, string];
    return not === '!' ? (labels) => !has(labels, key) : (labels) => has(labels, key);
  }
  const equal = equality.exec(part);
  if (equal !== null) {
    const [, key, operator, value] = equal as unknown as [string, string, string, string];
    if (operator === '!=') return (labels) => !has(labels, key) || labels[key] !== value;
    if (operator === '>' || operator === '<') {
      const bound = Number.parseInt(value, 10);
      return (labels) => {
        const number = Number.parseInt(labels[key] ?? '', 10);
        return operator === '>' ? number > bound : number < bound;
      };
    }
    return (labels) => has(labels, key) && labels[key] === value;
  }
  const member = membership.exec(part);
  if (member !== null) {
    const [, key, operator, list] = member as unknown as [string, string, string, string];
    const values = new Set(list.split(',').map((value) => value.trim()));
    return operator === 'in'
      ? (labels) => has(labels, key) && values.has(labels[key]!)
      : (labels) => !has(labels, key) || !values.has(labels[key]!);
  }
  throw badRequest(`unable to parse requirement: couldn't parse the selector string "${whole}"`);
}

/** Whether a meta/v1 LabelSelector object selects these labels. */
export function matchesLabelSelector(selector: unknown, labels: Labels): boolean {
  for (const [key, value] of Object.entries(objectAt(selector, 'matchLabels') ?? {}))
    if (labels[key] !== value) return false;
  return listAt(selector, 'matchExpressions').every((expression) => {
    const key = stringAt(expression, 'key') ?? '';
    const values = listAt(expression, 'values');
    switch (stringAt(expression, 'operator')) {
      case 'In':
        return has(labels, key) && values.includes(labels[key]);
      case 'NotIn':
        return !has(labels, key) || !values.includes(labels[key]);
      case 'Exists':
        return has(labels, key);
      default:
        return !has(labels, key);
    }
  });
}

/** A LabelSelector object in its text form, as the scale subresource shows it. */
export function labelSelectorText(selector: unknown): string {
  const parts = Object.entries(objectAt(selector, 'matchLabels') ?? {}).map(
    ([key, value]) => `${key}=${String(value)}`,
  );
  for (const expression of listAt(selector, 'matchExpressions')) {
    const key = stringAt(expression, 'key') ?? '';
    const values = listAt(expression, 'values').join(',');
    const operator = stringAt(expression, 'operator');
    if (operator === 'In') parts.push(`${key} in (${values})`);
    else if (operator === 'NotIn') parts.push(`${key} notin (${values})`);
    else parts.push(operator === 'Exists' ? key : `!${key}`);
  }
  return parts.sort().join(',');
}
