import { describe, expect, it } from 'vitest';
import { SelectionView } from './selection-view.ts';

const view = () => new SelectionView<object>({} as never);

describe('the keys that a stack has to look at', () => {
  it('are taken once, and concern it until they are released', () => {
    const keys = view();
    keys.mark('a');
    expect(keys.take()).toEqual(['a']);
    expect(keys.take()).toEqual([]);
    keys.mark('b');
    expect(keys.take()).toEqual(['b']);
    expect(keys.concerns('b')).toBe(true);
    keys.release();
    expect(keys.concerns('b')).toBe(false);
  });

  it('come back when they could not be handled, with those that came meanwhile', () => {
    const keys = view();
    keys.mark('a');
    keys.take();
    keys.mark('b');
    keys.giveBack();
    expect(keys.take().sort()).toEqual(['a', 'b']);
  });

  it('stay handled when they were released', () => {
    const keys = view();
    keys.mark('a');
    keys.take();
    keys.release();
    keys.giveBack();
    expect(keys.take()).toEqual([]);
  });
});
