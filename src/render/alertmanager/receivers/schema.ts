/**
 * How the tables of this folder describe Alertmanager's receiver configuration. Every fact (types, what is secret,
 * what reads files, since which version) is of Alertmanager's own structs, 0.27.0 to 0.33.1.
 */

/**
 * - `text`: used as it is. `template`: a Go template, expanded for each notification.
 * - `secret`: a credential. `secretUrl`: an http(s) address that holds one.
 * - `url`: an http(s) address. `templateUrl`: the same, or a Go template of one. `proxyUrl`: any address, kept as it is.
 * - `endpoint`: an address in a plain text field.
 * - `host`: `host:port`.
 * - `file`: the path of a file inside the server's container, always refused. `manager`: a name in a secret manager,
 *   which no Alertmanager has.
 * - `redirects`: true or false; true follows redirects, which only a stack may allow.
 * - `goDuration`: Go's form (`1h30m`). `duration`: Prometheus's (`1d`).
 * - `any`: free values, texts in them templates. `nested`: the same, plain texts only before `nestedSince`. `data`:
 *   free values, used as they are.
 */
export type Scalar =
  | 'text'
  | 'template'
  | 'secret'
  | 'secretUrl'
  | 'url'
  | 'templateUrl'
  | 'proxyUrl'
  | 'endpoint'
  | 'host'
  | 'file'
  | 'manager'
  | 'boolean'
  | 'redirects'
  | 'integer'
  | 'unsigned'
  | 'goDuration'
  | 'duration'
  | 'any'
  | 'nested'
  | 'data';

export interface Field {
  readonly type: Scalar | 'object' | 'list' | 'map';
  /** First Alertmanager that knows it, where that is newer than 0.27.0. */
  readonly since?: string;
  /** Fields of an `object`. */
  readonly schema?: Schema;
  /** Items of a `list`, values of a `map`. */
  readonly of?: Field;
  /** Allowed texts. */
  readonly values?: readonly string[];
  /** Field of an `object` for which a plain text may stand, and must where it is the only one. */
  readonly plain?: string;
  /** For `nested`: first version that takes more than plain texts. */
  readonly nestedSince?: string;
}

export interface Schema {
  readonly fields: Readonly<Record<string, Field>>;
  /** What Alertmanager checks beyond types. `value` holds resolved secrets: no message may quote it. */
  readonly check?: (value: Resolved, context: CheckContext) => string | undefined;
}

/** An object after types were checked: Alertmanager's field names, secrets in place. */
export type Resolved = Readonly<Record<string, unknown>>;

/** What a check may look at besides the object. */
export interface CheckContext {
  /** `global` of the platform's configuration, for what a receiver may leave out. */
  readonly global: Resolved;
}

export const field = (type: Scalar, since?: string): Field => ({
  type,
  ...(since === undefined ? {} : { since }),
});
export const objectOf = (schema: Schema, since?: string): Field => ({
  type: 'object',
  schema,
  ...(since === undefined ? {} : { since }),
});
export const listOf = (of: Field, since?: string): Field => ({
  type: 'list',
  of,
  ...(since === undefined ? {} : { since }),
});
export const mapOf = (of: Field, since?: string): Field => ({
  type: 'map',
  of,
  ...(since === undefined ? {} : { since }),
});
export const oneOf = (...values: string[]): Field => ({ type: 'text', values });

/** Many fields of one type. */
export function all(type: Scalar, names: string, since?: string): Record<string, Field> {
  return Object.fromEntries(names.split(' ').map((name) => [name, field(type, since)]));
}

/** Whether a field, or the file that stands for it, is there with a value that Alertmanager takes for set. */
export function isSet(value: Resolved, name: string): boolean {
  const found = value[name] ?? value[`${name}_file`];
  return found !== undefined && found !== null && found !== '';
}

/** The name of the first field that is not set, said as a fault. */
export function needs(...names: string[]): NonNullable<Schema['check']> {
  return (value) => {
    const missing = names.find((name) => !isSet(value, name));
    return missing === undefined ? undefined : `${missing} is required`;
  };
}

/** At most one of the named fields may be set. */
export function atMostOne(...names: string[]): NonNullable<Schema['check']> {
  return (value) =>
    names.filter((name) => isSet(value, name)).length > 1
      ? `at most one of ${names.join(', ')} may be set`
      : undefined;
}

/** The first of several checks that finds something. */
export function every(...checks: NonNullable<Schema['check']>[]): NonNullable<Schema['check']> {
  return (value, context) => {
    for (const check of checks) {
      const fault = check(value, context);
      if (fault !== undefined) return fault;
    }
    return undefined;
  };
}

/** Set here, or for all by the platform's global field. */
export function orGlobal(name: string, globalName: string): NonNullable<Schema['check']> {
  return (value, { global }) =>
    isSet(value, name) || isSet(global, globalName)
      ? undefined
      : `${name} is required: the platform's configuration has no ${globalName}`;
}

export function nested(value: Resolved, name: string): Resolved | undefined {
  const found = value[name];
  return typeof found === 'object' && found !== null && !Array.isArray(found)
    ? (found as Resolved)
    : undefined;
}

/** Whether requests of this receiver (or of the platform's `global`) carry an Authorization header of their own. */
export function isAuthorized(value: Resolved): boolean {
  const http = nested(value, 'http_config') ?? {};
  return nested(http, 'authorization') !== undefined || isSet(http, 'bearer_token');
}
