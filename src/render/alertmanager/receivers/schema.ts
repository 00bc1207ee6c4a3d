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
 * - `goDuration`: Go's form (`1h30m`). `duration`: Prometheus's (`1d`).
 * - `any`: free values, templates inside. `data`: free values, used as they are.
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
  | 'integer'
  | 'unsigned'
  | 'goDuration'
  | 'duration'
  | 'any'
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

/** Whether a field is there with a value that Alertmanager takes for set. */
export function isSet(value: Resolved, name: string): boolean {
  const found = value[name];
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

/** Set here, or by one of the platform's global fields (its own file variants count: the platform may use files). */
export function orGlobal(name: string, ...globals: string[]): NonNullable<Schema['check']> {
  return (value, { global }) =>
    isSet(value, name) || globals.some((globalName) => isSet(global, globalName))
      ? undefined
      : `${name} is required: the platform's configuration has no ${globals[0]}`;
}

export function nested(value: Resolved, name: string): Resolved | undefined {
  const found = value[name];
  return typeof found === 'object' && found !== null && !Array.isArray(found)
    ? (found as Resolved)
    : undefined;
}
