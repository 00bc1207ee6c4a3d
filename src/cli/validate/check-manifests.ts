import { type ErrorCode, errorCatalogue } from '../../base/error-catalogue.ts';
import { limits } from '../../base/limits.ts';
import { checkObject, withoutNulls } from '../../crds/check-object.ts';
import { type FieldFault, type FieldPath, formatPath, shorten } from '../../crds/fault.ts';
import { type KindDefinition, kindDefinition, kinds } from '../../crds/kinds.ts';
import { apiGroup, apiVersion } from '../../crds/metadata.ts';
import type { MonitoringStackSpec } from '../../crds/monitoring-stack.ts';
import { suggestName } from '../../crds/suggestion.ts';
import { checkSemantics } from './check-semantics.ts';
import { locate } from './locate.ts';
import { type ManifestDocument, parseDocuments } from './manifest-document.ts';
import type { ManifestFault, ManifestSummary, Severity } from './manifest-fault.ts';
import type { ManifestFile } from './manifest-files.ts';
import type { Versions } from './semantic-fault.ts';

/** What to judge by where the manifests hold no MonitoringStack. */
export interface DefaultVersions {
  readonly prometheus: string;
  readonly alertmanager: string;
  readonly featureFlags: readonly string[];
  readonly nowMs: number;
}

/** An object of one of our kinds, and where it stands. */
interface FoundObject {
  readonly file: string;
  readonly document: ManifestDocument;
  /** Place in the document: empty, or the item of a List. */
  readonly base: FieldPath;
  readonly value: Readonly<Record<string, unknown>>;
  readonly definition: KindDefinition;
}

/** Checks manifests one file at a time; `finish` judges what needs all of them. */
export class ManifestChecker {
  readonly faults: ManifestFault[] = [];
  readonly #objects: FoundObject[] = [];
  readonly #defaults: DefaultVersions;
  #files = 0;
  #others = 0;
  #cut = false;
  /** Faults told of the object that is being judged: one object must not use up what may be told of all. */
  #ofObject = 0;

  constructor(defaults: DefaultVersions) {
    this.#defaults = defaults;
  }

  addFile(file: ManifestFile): void {
    this.#files++;
    if ('fault' in file) {
      const { code, message, line = 1 } = file.fault;
      this.#add({ file: file.name, line, code, message });
      return;
    }
    for (const parsed of parseDocuments(file.text)) {
      if ('fault' in parsed) this.#add({ file: file.name, ...parsed.fault });
      else this.#addValue(file.name, parsed.document, parsed.document.value, []);
    }
  }

  finish(): ManifestSummary {
    const versions = versionsOf(this.#objects, this.#defaults);
    const seen = new Map<string, FoundObject>();
    for (const object of this.#objects) {
      this.#checkOne(object, versions);
      const id = describe(object);
      const earlier = seen.get(id);
      if (earlier === undefined) seen.set(id, object);
      else this.#duplicate(object, earlier);
    }
    this.faults.sort(
      (a, b) =>
        compare(a.file, b.file) ||
        a.line - b.line ||
        (a.column ?? 0) - (b.column ?? 0) ||
        compare(a.code, b.code),
    );
    const errors = this.faults.filter((fault) => fault.severity === 'error').length;
    return {
      files: this.#files,
      objects: this.#objects.length,
      others: this.#others,
      errors,
      warnings: this.faults.length - errors,
      cut: this.#cut,
    };
  }

  #addValue(file: string, document: ManifestDocument, value: unknown, base: FieldPath): void {
    const object = value as Readonly<Record<string, unknown>> | null;
    if (typeof object !== 'object' || object === null || typeof object.kind !== 'string') {
      if (object?.apiVersion === apiVersion)
        this.#at({ file, document, base }, { path: [], code: 'FieldMissing', message: 'kind is missing' });
      else this.#others++;
      return;
    }
    const { kind, apiVersion: version, items } = object;
    if (kind.endsWith('List') && Array.isArray(items) && base.length === 0) {
      for (const [index, item] of items.entries()) this.#addValue(file, document, item, ['items', index]);
      return;
    }
    if (typeof version !== 'string' || version.split('/')[0] !== apiGroup) {
      this.#others++;
      return;
    }
    const definition = kindDefinition(kind);
    if (version !== apiVersion || definition === undefined) {
      const part = definition === undefined ? 'kind' : 'apiVersion';
      const message = unknownKind(definition, kind, version);
      this.#at({ file, document, base }, { path: [part], code: 'KindUnknown', message });
      return;
    }
    this.#objects.push({ file, document, base, value: object, definition });
  }

  #checkOne(object: FoundObject, versions: Versions): void {
    this.#ofObject = 0;
    const shape = [...checkMetadata(object.value.metadata), ...checkObject(object.definition, object.value)];
    for (const fault of shape) this.#at(object, fault);
    const found = checkSemantics(object.definition.kind, withoutNulls(object.value), versions, shape);
    for (const { severity, pathText, ...fault } of found) this.#at(object, fault, severity, pathText);
  }

  #duplicate(object: FoundObject, earlier: FoundObject): void {
    const { line } = locate(earlier.document, { path: earlier.base });
    this.#at(object, {
      path: ['metadata', 'name'],
      code: 'ObjectDuplicate',
      message: `${describe(object)} is declared already at ${earlier.file}:${line}`,
    });
  }

  #at(
    where: Pick<FoundObject, 'file' | 'document' | 'base'> & Partial<FoundObject>,
    fault: FieldFault,
    severity: Severity = 'error',
    pathText = formatPath(fault.path),
  ): void {
    if (where.definition !== undefined && this.#ofObject++ >= limits.objectFaults) this.#cut = true;
    if (where.definition !== undefined && this.#ofObject > limits.objectFaults) return;
    if (this.#full()) return;
    const position = locate(where.document, { ...fault, path: [...where.base, ...fault.path] });
    this.#add({
      file: where.file,
      ...position,
      severity,
      code: fault.code,
      message: fault.message,
      ...(where.definition === undefined ? {} : { object: describe(where as FoundObject) }),
      path: pathText,
    });
  }

  #full(): boolean {
    const isFull = this.faults.length >= limits.manifestFaults;
    this.#cut ||= isFull;
    return isFull;
  }

  #add(fault: Omit<ManifestFault, 'action' | 'severity'> & { severity?: Severity; code: ErrorCode }): void {
    if (this.#full()) return;
    this.faults.push({ severity: 'error', ...fault, action: errorCatalogue[fault.code].action });
  }
}

function unknownKind(definition: KindDefinition | undefined, kind: string, version: string): string {
  const quote = (text: string) => JSON.stringify(shorten(text, 80));
  if (definition !== undefined) return `no apiVersion ${quote(version)}; it must be ${apiVersion}`;
  const names = kinds.map((known) => known.kind);
  const meant = suggestName(kind, names);
  return `no kind ${quote(kind)}${meant === undefined ? '' : `; did you mean ${meant}?`}`;
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

function describe(object: FoundObject): string {
  const { name, namespace } = (object.value.metadata ?? {}) as { name?: unknown; namespace?: unknown };
  const parts = [namespace, name].filter((part) => typeof part === 'string');
  return `${object.definition.kind} ${shorten(parts.join('/'), 200)}`;
}

const namePattern = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/;

/** The part of metadata that a server checks for every object and that people get wrong. */
function checkMetadata(metadata: unknown): FieldFault[] {
  if (typeof metadata !== 'object' || metadata === null || Array.isArray(metadata))
    return [{ path: [], code: 'FieldMissing', message: 'metadata with a name is missing' }];
  const { name, namespace, generateName } = metadata as Record<string, unknown>;
  const faults: FieldFault[] = [];
  if (name === undefined && generateName === undefined)
    faults.push({ path: ['metadata'], code: 'FieldMissing', message: 'name is missing' });
  for (const [field, value, maxChars] of [
    ['name', name, 253],
    ['namespace', namespace, 63],
  ] as const) {
    if (value === undefined) continue;
    if (typeof value !== 'string')
      faults.push({ path: ['metadata', field], code: 'FieldTypeWrong', message: 'must be a string' });
    else if (
      value.length > maxChars ||
      !namePattern.test(value) ||
      (field === 'namespace' && value.includes('.'))
    )
      faults.push({
        path: ['metadata', field],
        code: 'FieldValueInvalid',
        message: `${JSON.stringify(shorten(value, 80))} is no valid name: lower-case letters, digits and dashes, at most ${maxChars} characters`,
      });
  }
  return faults;
}

/** Versions and flags of the stacks among the objects, else the defaults. */
function versionsOf(objects: readonly FoundObject[], defaults: DefaultVersions): Versions {
  const stacks = objects.filter(
    ({ definition, value }) =>
      definition.kind === 'MonitoringStack' && checkObject(definition, value).length === 0,
  );
  const specs = stacks.map(({ value }) => withoutNulls(value.spec) as MonitoringStackSpec);
  const unique = <V>(list: readonly V[]) => [
    ...new Map(list.map((item) => [JSON.stringify(item), item])).values(),
  ];
  const prometheus = unique(
    specs.map(({ prometheus: server }) => ({
      version: server?.version ?? defaults.prometheus,
      featureFlags: [...(server?.featureFlags ?? [])].sort(),
    })),
  );
  const alertmanager = unique(
    specs.map(({ alertmanager: server }) => ({
      version: server?.version ?? defaults.alertmanager,
      featureFlags: [...(server?.featureFlags ?? [])].sort(),
    })),
  );
  const platformRoutes = stacks.flatMap(({ value }, index) => {
    const name = specs[index]!.alertmanager?.platformRoute?.name;
    const { namespace = '' } = value.metadata as { namespace?: string };
    return name === undefined ? [] : [`${namespace}/${name}`];
  });
  return {
    prometheus:
      prometheus.length > 0
        ? prometheus
        : [{ version: defaults.prometheus, featureFlags: defaults.featureFlags }],
    alertmanager:
      alertmanager.length > 0 ? alertmanager : [{ version: defaults.alertmanager, featureFlags: [] }],
    platformRoutes: new Set(platformRoutes),
    nowMs: defaults.nowMs,
  };
}
