import { jsonEqual } from './json.ts';
import type { ObjectKey } from './object.ts';
import { keyText } from './object.ts';
import type { ObjectGetter } from './ports.ts';

interface Held {
  readonly readAtMs: number;
  readonly data: Readonly<Record<string, string>> | undefined;
}

/** Time after which a Secret is read again: rotated values are live 90 s later at most. */
export const secretAgeMs = 60_000;

/**
 * Values of the Secrets that one stack needs: read one by one, kept for a minute, forgotten when nobody asks any more.
 * Values never leave by a log, a status or an error.
 */
export class SecretValues {
  readonly #getter: ObjectGetter;
  #held = new Map<string, Held>();
  #version = 0;

  constructor(getter: ObjectGetter) {
    this.#getter = getter;
  }

  /** Rises whenever a value that was asked for came, changed or went. */
  get version(): number {
    return this.#version;
  }

  /** Reads what is missing or old; `fresh` Secrets are read in any case. Others that were held are forgotten. */
  async load(
    keys: readonly ObjectKey[],
    nowMs: number,
    fresh: ReadonlySet<string> = new Set(),
  ): Promise<void> {
    const held = new Map<string, Held>();
    const unique = new Map(keys.map((key) => [keyText(key), key]));
    await Promise.all(
      [...unique].map(async ([text, key]) => {
        const known = this.#held.get(text);
        const isYoung =
          known !== undefined && nowMs - known.readAtMs < secretAgeMs && nowMs >= known.readAtMs;
        if (isYoung && !fresh.has(text)) {
          held.set(text, known);
          return;
        }
        const object = (await this.#getter.get('v1', 'Secret', key)) as
          | { readonly data?: Readonly<Record<string, string>> }
          | undefined;
        const data = object === undefined ? undefined : (object.data ?? {});
        if (known === undefined || !jsonEqual(known.data, data)) this.#version++;
        held.set(text, { readAtMs: nowMs, data });
      }),
    );
    this.#held = held;
  }

  /** The decoded value of a key; undefined when the Secret or the key is missing or was not loaded. */
  value(namespace: string, name: string, key: string): string | undefined {
    const data = this.#held.get(`${namespace}/${name}`)?.data;
    const encoded = data !== undefined && Object.hasOwn(data, key) ? data[key] : undefined;
    return encoded === undefined ? undefined : Buffer.from(encoded, 'base64').toString('utf8');
  }

  /** Keys of a Secret that was loaded. */
  keys(namespace: string, name: string): readonly string[] {
    return Object.keys(this.#held.get(`${namespace}/${name}`)?.data ?? {});
  }

  /** When the oldest value is to be read again; undefined when nothing is held. */
  nextReadMs(): number | undefined {
    let oldest: number | undefined;
    for (const { readAtMs } of this.#held.values()) {
      if (oldest === undefined || readAtMs < oldest) oldest = readAtMs;
    }
    return oldest === undefined ? undefined : oldest + secretAgeMs;
  }
}
