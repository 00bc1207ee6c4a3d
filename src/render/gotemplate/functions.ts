/** How many arguments a template function takes. */
export interface TemplateFunction {
  readonly min: number;
  /** Absent: any number. */
  readonly max?: number;
  /** Index of an argument that is a regular expression. */
  readonly pattern?: number;
}

export type FunctionTable = ReadonlyMap<string, TemplateFunction>;

/** Whose templates: the annotations and labels of alerts, or notifications. */
export type TemplateFlavour = 'prometheus' | 'alertmanager';

const exactly = (count: number): TemplateFunction => ({ min: count, max: count });
const atLeast = (count: number): TemplateFunction => ({ min: count });

/** Functions of every Go template. */
const goFunctions: Readonly<Record<string, TemplateFunction>> = {
  and: atLeast(1),
  call: atLeast(1),
  eq: atLeast(2),
  ge: exactly(2),
  gt: exactly(2),
  html: atLeast(0),
  index: atLeast(1),
  js: atLeast(0),
  le: exactly(2),
  len: exactly(1),
  lt: exactly(2),
  ne: exactly(2),
  not: exactly(1),
  or: atLeast(1),
  print: atLeast(0),
  printf: atLeast(1),
  println: atLeast(0),
  slice: atLeast(1),
  urlquery: atLeast(0),
};

interface Versioned extends TemplateFunction {
  /** First release (3.6 is 3006, 0.28 is 28). */
  readonly since?: number;
}

const prometheusFunctions: Readonly<Record<string, Versioned>> = {
  args: atLeast(0),
  externalURL: exactly(0),
  first: exactly(1),
  graphLink: exactly(1),
  humanize: exactly(1),
  humanize1024: exactly(1),
  humanizeDuration: exactly(1),
  humanizePercentage: exactly(1),
  humanizeTimestamp: exactly(1),
  label: exactly(2),
  match: { ...exactly(2), pattern: 0 },
  now: { ...exactly(0), since: 3006 },
  parseDuration: exactly(1),
  pathPrefix: exactly(0),
  query: exactly(1),
  reReplaceAll: { ...exactly(3), pattern: 0 },
  safeHtml: exactly(1),
  sortByLabel: exactly(2),
  stripDomain: exactly(1),
  stripPort: exactly(1),
  strvalue: exactly(1),
  tableLink: exactly(1),
  title: exactly(1),
  toDuration: { ...exactly(1), since: 3006 },
  toLower: exactly(1),
  toTime: exactly(1),
  toUpper: exactly(1),
  urlQueryEscape: { ...exactly(1), since: 3008 },
  value: exactly(1),
};

const alertmanagerFunctions: Readonly<Record<string, Versioned>> = {
  append: { ...atLeast(1), since: 32 },
  date: exactly(2),
  dict: { ...atLeast(0), since: 32 },
  humanizeDuration: { ...exactly(1), since: 28 },
  join: exactly(2),
  list: { ...atLeast(0), since: 32 },
  match: { ...exactly(2), pattern: 0 },
  now: exactly(0),
  reReplaceAll: { ...exactly(3), pattern: 0 },
  safeHtml: exactly(1),
  safeUrl: exactly(1),
  since: { ...exactly(1), since: 28 },
  stringSlice: atLeast(0),
  title: exactly(1),
  toJson: exactly(1),
  toLower: exactly(1),
  toUpper: exactly(1),
  trimSpace: { ...exactly(1), since: 26 },
  tz: exactly(2),
  urlUnescape: exactly(1),
};

/** The functions a template may call. Without a version: those of the newest known release. */
export function functionsOf(flavour: TemplateFlavour, version?: string): FunctionTable {
  const own = flavour === 'prometheus' ? prometheusFunctions : alertmanagerFunctions;
  const release = releaseOf(version);
  const known = Object.entries(own).filter(([, { since }]) => since === undefined || since <= release);
  return new Map<string, TemplateFunction>([...Object.entries(goFunctions), ...known]);
}

function releaseOf(version: string | undefined): number {
  const match = version === undefined ? null : /^v?(\d{1,3})\.(\d{1,3})/.exec(version);
  return match === null ? Number.POSITIVE_INFINITY : Number(match[1]) * 1000 + Number(match[2]);
}

/** Variables that Prometheus declares before an alert's template. */
const alertVariables: readonly string[] = ['$labels', '$externalLabels', '$externalURL', '$value'];

/** Variables declared before the template's text. */
export function variablesOf(flavour: TemplateFlavour): readonly string[] {
  return flavour === 'prometheus' ? alertVariables : [];
}
