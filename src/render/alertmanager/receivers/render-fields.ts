/** Turns one receiver of an AlertRoute into Alertmanager's own form, field by field along the table of this folder. */
import type { ErrorCode } from '../../../base/error-catalogue.ts';
import { type AddressPolicy, hostRefusal, readHostPort, readHttpAddress } from '../checks/address.ts';
import { parseGoDuration, parsePrometheusDuration } from '../checks/duration.ts';
import type { FaultList } from '../checks/fault.ts';
import { atLeast } from '../version.ts';
import type { Field, Resolved, Schema } from './schema.ts';

/** Where a secret's value stands: a key of a Secret in the object's namespace. */
export class SecretRef {
  readonly name: string;
  readonly key: string;
  constructor(name: string, key: string) {
    this.name = name;
    this.key = key;
  }
}

/** The value of a Secret's key; undefined when the Secret or the key is missing. */
export type SecretLookup = (name: string, key: string) => string | undefined;

export interface FieldContext {
  /**
   * `typed`: the object's typed fields, in camel case, secrets as `{secretKeyRef}`. `verbatim`: Alertmanager's own
   * spelling, secrets as SecretRef. `rendered`: an earlier result, which is only checked again. `trusted`: the
   * platform's own configuration, which may read files and reach every host.
   */
  readonly mode: 'typed' | 'verbatim' | 'rendered' | 'trusted';
  readonly version: string;
  readonly policy: AddressPolicy;
  readonly secrets: SecretLookup;
  readonly faults: FaultList;
  readonly global: Resolved;
  /** Checks one template text and returns it with the object's own template names prefixed. */
  readonly template: (text: string, path: string) => string;
}

/** Nesting of free values (`details`, `payload`). */
const maxFreeDepth = 16;

export function renderObject(schema: Schema, value: unknown, path: string, context: FieldContext): Resolved {
  const { faults, version } = context;
  const before = faults.length;
  if (!isRecord(value)) {
    faults.add(path, 'InvalidReceiver', 'must be an object');
    return {};
  }
  const result: Record<string, unknown> = {};
  for (const [key, child] of Object.entries(value)) {
    if (child === undefined || child === null) continue;
    const at = `${path}.${key}`;
    const name = context.mode === 'typed' ? typedName(schema, key) : key;
    const field = name === undefined || !Object.hasOwn(schema.fields, name) ? undefined : schema.fields[name];
    if (name === undefined || field === undefined)
      faults.add(at, 'FieldUnknown', 'Alertmanager has no such field');
    else if (!atLeast(version, field.since ?? '0.0.0')) notInVersion(at, field.since!, context);
    else {
      const rendered = renderField(field, child, at, context);
      if (rendered !== undefined) result[name] = rendered;
    }
  }
  const twofold = Object.keys(result).find((name) => Object.hasOwn(result, `${name}_file`));
  if (twofold !== undefined)
    faults.add(path, 'InvalidReceiver', `${twofold} and ${twofold}_file exclude each other`);
  if (faults.length === before) {
    const fault = schema.check?.(result, { global: context.global });
    if (fault !== undefined) faults.add(path, 'InvalidReceiver', fault);
  }
  return result;
}

export function notInVersion(path: string, since: string, { faults, version }: FieldContext): void {
  faults.add(path, 'NotInVersion', `needs Alertmanager ${since} or newer; this stack runs ${version}`);
}

/** `apiURL` names `api_url`, `urlFrom` names `url`: case and underscores do not count. */
function typedName(schema: Schema, key: string): string | undefined {
  const find = (wanted: string) =>
    Object.keys(schema.fields).find((name) => name.replaceAll('_', '') === wanted.toLowerCase());
  return find(key) ?? (key.endsWith('From') ? find(key.slice(0, -'From'.length)) : undefined);
}

function renderField(field: Field, value: unknown, path: string, context: FieldContext): unknown {
  const fail = (message: string, code: ErrorCode = 'InvalidReceiver'): undefined =>
    context.faults.add(path, code, message) as undefined;
  switch (field.type) {
    case 'file':
      if (context.mode === 'trusted') return renderText(field, value, path, context);
      return fail('reads a file inside the container, which is refused', 'FileFieldRefused');
    case 'manager':
      return fail('names a secret manager, and Alertmanager has none: refer to a Secret instead');
    case 'object':
      return renderNested(field, value, path, context);
    case 'list':
      if (!Array.isArray(value)) return fail('must be a list');
      return value.map((item, index) => renderField(field.of!, item, `${path}[${index}]`, context));
    case 'map':
      if (!isRecord(value)) return fail('must be an object');
      return Object.fromEntries(
        Object.entries(value).map(([key, child]) => [
          key,
          renderField(field.of!, child, `${path}[${key}]`, context),
        ]),
      );
    case 'boolean':
      return typeof value === 'boolean' ? value : fail('must be true or false');
    case 'redirects':
      if (typeof value !== 'boolean') return fail('must be true or false');
      return value && mayNotRedirect(context)
        ? fail('would follow redirects, which may lead to where no address may point', 'RedirectRefused')
        : value;
    case 'integer':
      return Number.isSafeInteger(value) ? value : fail('must be a whole number');
    case 'unsigned':
      return Number.isSafeInteger(value) && (value as number) >= 0
        ? value
        : fail('must be a whole number, 0 or more');
    case 'any':
    case 'nested':
    case 'data':
      return isReference(value, context)
        ? renderText(field, value, path, context)
        : renderFree(field, value, path, context);
    default:
      return renderText(field, value, path, context);
  }
}

/** What was rendered before is rendered on: the configuration switches redirects off in it. */
function mayNotRedirect({ mode, policy }: FieldContext): boolean {
  return (mode === 'typed' || mode === 'verbatim') && policy.followRedirects !== true;
}

/** Some objects may be written as a plain text, and must be for older versions. */
function renderNested(field: Field, value: unknown, path: string, context: FieldContext): unknown {
  const { plain } = field;
  if (plain === undefined) return renderObject(field.schema!, value, path, context);
  const object = renderObject(
    field.schema!,
    typeof value === 'string' ? { [plain]: value } : value,
    path,
    context,
  );
  const others = Object.keys(object).filter((name) => name !== plain);
  return others.length === 0 ? (object[plain] ?? '') : object;
}

/** Values of any shape; texts in them are templates where the field says so. */
function renderFree(field: Field, value: unknown, path: string, context: FieldContext, depth = 0): unknown {
  if (depth > maxFreeDepth) {
    context.faults.add(path, 'LimitExceeded', `is nested deeper than ${maxFreeDepth} levels`);
    return undefined;
  }
  if (typeof value === 'string') {
    if (!wellFormed(value, path, context)) return undefined;
    return field.type === 'data' ? value : context.template(value, path);
  }
  if (field.type === 'nested' && !atLeast(context.version, field.nestedSince!) && typeof value === 'object') {
    notInVersion(path, field.nestedSince!, context);
    return undefined;
  }
  if (Array.isArray(value)) {
    return value.map((item, index) => renderFree(field, item, `${path}[${index}]`, context, depth + 1));
  }
  if (!isRecord(value)) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, child]) => [
      key,
      renderFree(field, child, `${path}.${key}`, context, depth + 1),
    ]),
  );
}

function renderText(field: Field, value: unknown, path: string, context: FieldContext): unknown {
  const fail = (message: string, code: ErrorCode = 'InvalidReceiver'): undefined =>
    context.faults.add(path, code, message) as undefined;
  const reference = referenceOf(value, context);
  let text: string;
  if (reference !== undefined) {
    const found = context.secrets(reference.name, reference.key);
    if (found === undefined) {
      return fail(`Secret ${reference.name} or its key ${reference.key} does not exist`, 'SecretKeyMissing');
    }
    text = field.type === 'data' ? found : found.replace(/[\r\n]+$/, '');
    if (text === '')
      return fail(`key ${reference.key} of Secret ${reference.name} is empty`, 'SecretKeyMissing');
    if (!text.isWellFormed()) return fail(`key ${reference.key} of Secret ${reference.name} is no text`);
  } else {
    if (typeof value !== 'string' && typeof value !== 'number' && typeof value !== 'boolean') {
      return fail('must be a text');
    }
    text = String(value);
    if (!wellFormed(text, path, context)) return undefined;
    const isInline = context.mode === 'rendered' || context.mode === 'trusted';
    if (!isInline && text !== '' && (field.type === 'secret' || field.type === 'secretUrl')) {
      return fail('is a credential: put it in a Secret and refer to it', 'InlineSecretRefused');
    }
  }
  if (field.values !== undefined && !field.values.includes(text)) {
    return fail(`must be one of ${field.values.map((word) => JSON.stringify(word)).join(', ')}`);
  }
  const { fault, code } = textFault(field, text, context);
  if (fault !== undefined) return fail(fault, code);
  if (field.type !== 'template' && field.type !== 'templateUrl' && field.type !== 'endpoint') return text;
  return text.includes('{{') ? context.template(text, path) : text;
}

interface TextFault {
  readonly fault?: string;
  readonly code?: ErrorCode;
}

function textFault(field: Field, text: string, context: FieldContext): TextFault {
  switch (field.type) {
    case 'secret':
      // Alertmanager's YAML reader takes these for nothing at all in some fields, even when quoted.
      return text === '~' || text === 'null' ? { fault: 'must not be ~ or null' } : {};
    case 'duration':
      return parsePrometheusDuration(text) === undefined
        ? { fault: 'is no duration', code: 'InvalidDuration' }
        : {};
    case 'goDuration':
      return parseGoDuration(text) === undefined
        ? { fault: 'is no duration; it is written 30s, 1m30s or 1h', code: 'InvalidDuration' }
        : {};
    case 'host': {
      const address = readHostPort(text);
      return address === undefined ? { fault: 'must be host:port' } : hostFault(address.host, context);
    }
    case 'url':
    case 'secretUrl':
      return addressFault(text, context);
    case 'proxyUrl':
      return text === '' ? {} : addressFault(text.replace(/^socks5h?:/i, 'http:'), context);
    case 'templateUrl':
      if (text.includes('{{') && !atLeast(context.version, '0.31.0')) {
        return { fault: 'is a template, which needs Alertmanager 0.31.0 or newer', code: 'NotInVersion' };
      }
      return templateAddressFault(text, context);
    case 'endpoint':
      return text === '' ? {} : templateAddressFault(text, context);
    default:
      return {};
  }
}

function addressFault(text: string, context: FieldContext): TextFault {
  const address = readHttpAddress(text);
  return 'fault' in address ? { fault: `the address ${address.fault}` } : hostFault(address.host, context);
}

/** A template may follow the host, not make it up: nobody could tell then where it leads. */
function templateAddressFault(text: string, context: FieldContext): TextFault {
  if (!text.includes('{{')) return addressFault(text, context);
  if (context.mode === 'trusted') return {};
  const literal = /^https?:\/\/[^/?#{}]+[/?#]/i.exec(text);
  return literal === null
    ? { fault: 'a template in an address must come after the host', code: 'AddressRefused' }
    : addressFault(literal[0], context);
}

function hostFault(host: string, { policy, mode }: FieldContext): TextFault {
  const refusal = mode === 'trusted' ? undefined : hostRefusal(host, policy);
  return refusal === undefined ? {} : { fault: refusal, code: 'AddressRefused' };
}

function referenceOf(value: unknown, { mode }: FieldContext): SecretRef | undefined {
  if (value instanceof SecretRef) return value;
  if (mode !== 'typed' || !isRecord(value)) return undefined;
  const reference = value.secretKeyRef;
  if (!isRecord(reference) || Object.keys(value).length !== 1) return undefined;
  const { name, key } = reference;
  return typeof name === 'string' && typeof key === 'string' ? new SecretRef(name, key) : undefined;
}

function isReference(value: unknown, context: FieldContext): boolean {
  return referenceOf(value, context) !== undefined;
}

function wellFormed(text: string, path: string, { faults }: FieldContext): boolean {
  if (text.isWellFormed()) return true;
  faults.add(path, 'InvalidReceiver', 'is not valid Unicode');
  return false;
}

export function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return (
    typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof SecretRef)
  );
}
