/** Small checks of values in Prometheus's configuration, and objects made of them. */
import { durationMs } from '../workload/duration.ts';

/** Why a value is not what the field takes, or undefined. */
export type Check = (value: unknown) => string | undefined;

export type Fields = Readonly<Record<string, Check>>;

export function is(what: string, test: (value: unknown) => boolean): Check {
  return (value) => (test(value) ? undefined : `must be ${what}`);
}

export function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

const isScalar = (value: unknown) => ['string', 'number', 'boolean'].includes(typeof value);

export const flag = is('true or false', (value) => typeof value === 'boolean');
export const count = is(
  'a whole number of at least 0',
  (value) => Number.isInteger(value) && Number(value) >= 0,
);
export const number = is('a number', (value) => typeof value === 'number');
/** A YAML reader of Go takes any scalar for a text. */
export const text = is('a text', isScalar);
export const size = is(
  'a size such as 10MB',
  (value) => isScalar(value) && /^(0|\d+([KMGTPE]i?)?B)$/.test(String(value)),
);
export const duration = is(
  'a duration such as 30s',
  (value) => isScalar(value) && durationMs(String(value)) !== undefined,
);
export const texts = is('a list of texts', (value) => Array.isArray(value) && value.every(isScalar));
export const textMap = is(
  'an object of texts',
  (value) => isObject(value) && Object.values(value).every(isScalar),
);

export function choice(...values: readonly string[]): Check {
  return is(`one of ${values.join(', ')}`, (value) => values.includes(String(value)));
}

/** An object of exactly these fields; null stands for an absent value, as in YAML. */
export function fields(table: Fields): Check {
  return (value) => {
    if (!isObject(value)) return 'must be an object';
    for (const [name, member] of Object.entries(value)) {
      const check = Object.hasOwn(table, name) ? table[name] : undefined;
      if (check === undefined) return `${name}: is no known field`;
      const wrong = member === null ? undefined : check(member);
      if (wrong !== undefined) return `${name}: ${wrong}`;
    }
    return undefined;
  };
}

export function listOf(check: Check): Check {
  return (value) => {
    if (!Array.isArray(value)) return 'must be a list';
    for (const [position, item] of value.entries()) {
      const wrong = check(item);
      if (wrong !== undefined) return `[${position}]: ${wrong}`;
    }
    return undefined;
  };
}

/** All of the checks, the first fault counts. */
export function all(...checks: readonly Check[]): Check {
  return (value) => {
    for (const check of checks) {
      const wrong = check(value);
      if (wrong !== undefined) return wrong;
    }
    return undefined;
  };
}
