import fc from 'fast-check';
import { load } from 'js-yaml';
import { expect, test } from 'vitest';
import { toYaml } from './config.ts';
import { type RenderedGroup, renderRuleFile } from './rule-file.ts';

const text = fc.oneof(
  fc.string({ unit: 'grapheme' }),
  fc
    .array(fc.constantFrom('a', ' ', '\n', '\t', ':', '#', '- ', '{{ $value }}', "'", '"', '|', '\r'), {
      maxLength: 12,
    })
    .map((parts) => parts.join('')),
);
const group = fc.record({
  name: text,
  rules: fc.array(
    fc.record(
      { alert: text, expr: text, labels: fc.dictionary(text, text), annotations: fc.dictionary(text, text) },
      { requiredKeys: ['expr'] },
    ),
    { maxLength: 3 },
  ),
});

test('groups joined as texts are the file that is written as a whole, so that no server sees another one', () => {
  fc.assert(
    fc.property(fc.array(group, { maxLength: 3 }), (groups) => {
      const { content } = renderRuleFile({ namespace: 'n', name: 's' }, groups as RenderedGroup[]);
      expect(content).toBe(toYaml({ groups }));
      expect(load(content)).toEqual({ groups });
    }),
    { numRuns: 300 },
  );
});
