import { Ajv } from 'ajv';
import { load } from 'js-yaml';
import { describe, expect, it } from 'vitest';
import { type Random, randomBelow, seededRandom } from '../base/random.ts';
import { checkObject } from './check-object.ts';
import { customResourceDefinition } from './crd.ts';
import { examples } from './examples.ts';
import { type KindDefinition, kinds } from './kinds.ts';

const wrong: readonly unknown[] = [
  '',
  'no value \n"of" anything',
  -1,
  1.5,
  2 ** 40,
  true,
  [],
  {},
  [1, 2],
  { name: 3 },
  'x'.repeat(5000),
];

/** Replaces one value somewhere in a copy of `object` by one that is likely wrong there. */
function mutate(object: unknown, random: Random): unknown {
  const copy = structuredClone(object);
  const places: { holder: Record<string, unknown>; key: string }[] = [];
  const visit = (value: unknown, path: readonly string[]) => {
    if (typeof value !== 'object' || value === null) return;
    for (const key of Object.keys(value)) {
      if (path[0] === 'spec' || key === 'spec')
        places.push({ holder: value as Record<string, unknown>, key });
      visit((value as Record<string, unknown>)[key], [...path, key]);
    }
  };
  visit(copy, []);
  const place = places[randomBelow(random, places.length)]!;
  place.holder[place.key] = wrong[randomBelow(random, wrong.length)];
  return copy;
}

/** The schema as the definition shows it to a server. */
function publishedSchema(kind: KindDefinition): object {
  const { spec } = customResourceDefinition(kind) as unknown as {
    spec: { versions: { schema: { openAPIV3Schema: object } }[] };
  };
  return spec.versions[0]!.schema.openAPIV3Schema;
}

describe.each(kinds.map((kind) => [kind.kind, kind] as const))(
  'our check of a %s, held against a JSON Schema validator',
  (name, kind) => {
    const validate = new Ajv({
      strict: false,
      allErrors: false,
      validateFormats: false,
      unicodeRegExp: true,
      logger: false,
    }).compile(publishedSchema(kind));
    const example = load(examples[name as keyof typeof examples]);

    it('accepts the example of the reference page, as the validator does', () => {
      expect(validate(example), JSON.stringify(validate.errors)).toBe(true);
      expect(checkObject(kind, example)).toEqual([]);
    });

    it('refuses whatever the validator refuses', () => {
      const random = seededRandom(17);
      let refused = 0;
      for (let round = 0; round < 400; round++) {
        const object = mutate(example, random);
        if (validate(object)) continue;
        refused++;
        expect(
          checkObject(kind, object),
          `${JSON.stringify(validate.errors)} of ${JSON.stringify(object).slice(0, 2000)}`,
        ).not.toEqual([]);
      }
      expect(refused).toBeGreaterThan(100);
    });
  },
);
