import { describe, expect, it } from 'vitest';
import { errorCatalogue } from './error-catalogue.ts';
import { CodedError, describeError, LimitExceededError } from './errors.ts';

describe('the error catalogue', () => {
  it('names codes in CamelCase, so that they serve as condition reasons, in alphabetical order', () => {
    const codes = Object.keys(errorCatalogue);
    for (const code of codes) expect(code).toMatch(/^[A-Z][A-Za-z0-9]{2,60}$/);
    expect(codes).toEqual([...codes].sort((a, b) => (a < b ? -1 : 1)));
  });

  it('says of every code what it means and what to do, in sentences', () => {
    for (const [code, entry] of Object.entries(errorCatalogue)) {
      expect(entry.meaning, code).toMatch(/^[A-Z`].*\.$/s);
      expect(entry.action, code).toMatch(/^[A-Z`].*\.$/s);
    }
  });
});

describe('describeError', () => {
  it('says what is wrong, the code, and what to do', () => {
    expect(
      describeError(
        new LimitExceededError('group "a" has 5001 rules, the limit is 5000', { action: 'Split the group.' }),
      ),
    ).toBe('group "a" has 5001 rules, the limit is 5000 [LimitExceeded] Split the group.');
  });

  it('uses the action of the catalogue where none is given', () => {
    const error = new CodedError('CorruptData', 'slot a: checksum differs');
    expect(error.action).toBe(errorCatalogue.CorruptData.action);
  });
});
