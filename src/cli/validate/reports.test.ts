import fc from 'fast-check';
import { expect, it } from 'vitest';
import { sarifFaults } from '../../../test/support/sarif.ts';
import { type ErrorCode, errorCatalogue } from '../../base/error-catalogue.ts';
import { sarifReport } from './reports.ts';

it('SARIF is SARIF whatever files, objects and messages are called', () => {
  const word = fc.string({ minLength: 1, maxLength: 30, unit: 'binary' });
  const fault = fc.record(
    {
      file: fc.oneof(
        word,
        word.map((name) => `/${name}`),
        fc.constantFrom('-', '../a b/c%.yaml', 'a/b.yaml', 'ü:ä.yml'),
      ),
      line: fc.integer({ min: 1, max: 1e6 }),
      column: fc.integer({ min: 1, max: 1e6 }),
      severity: fc.constantFrom('error' as const, 'warning' as const),
      code: fc.constantFrom(...(Object.keys(errorCatalogue) as ErrorCode[])),
      message: word,
      action: word,
      object: word,
      path: word,
    },
    { requiredKeys: ['file', 'line', 'severity', 'code', 'message', 'action'] },
  );
  fc.assert(
    fc.property(fc.array(fault, { maxLength: 5 }), (faults) => {
      expect(sarifFaults(sarifReport(faults, '/srv/a b', '0.1.0'))).toEqual([]);
    }),
    { numRuns: 40 },
  );
});
