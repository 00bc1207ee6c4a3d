import { expect, test } from 'vitest';
import type { Report } from '../../render/bundle/report.ts';
import { BundleState } from './bundle-state.ts';

const slotNames = ['main-rules-00', 'main-rules-01'];
const file = (path: string, content: string) => ({ path, content });

function hashes(state: BundleState): Map<string, string> {
  return new Map([...state.packing].map(([name, { hash }]) => [name, hash]));
}

function report(state: BundleState, more: Partial<Report> = {}): Report {
  return {
    indexHash: '',
    slots: Object.fromEntries(hashes(state)),
    quarantined: [],
    serverVersion: '3.5.0',
    agentVersion: '0.1.0',
    ruleHealth: [],
    ...more,
  };
}

const breather = { breathe: async () => {} };

async function stateOf(files: Record<string, string>, pods: string[] = ['p-0', 'p-1']): Promise<BundleState> {
  const state = new BundleState(slotNames);
  state.replicas.expect(pods);
  const put = Object.entries(files).map(([path, content]) => file(path, content));
  await state.change({ put, remove: [] }, breather);
  return state;
}

test('a file is programmed when the index names its slot and loaded when a replica reports it', async () => {
  const state = await stateOf({ 'a.yaml': '1' });
  expect(state.progress('a.yaml')).toEqual({ programmed: false, loaded: 0, replicas: 2 });
  state.confirm(hashes(state));
  expect(state.progress('a.yaml')).toEqual({ programmed: true, loaded: 0, replicas: 2 });
  expect(state.report('p-0', report(state))).toEqual(new Set(['a.yaml']));
  expect(state.progress('a.yaml')).toEqual({ programmed: true, loaded: 1, replicas: 2 });
});

test('changing one file leaves every other file of its slot loaded, and a report of it concerns only that file', async () => {
  const state = await stateOf({ 'a.yaml': '1', 'b.yaml': '1' });
  state.confirm(hashes(state));
  state.report('p-0', report(state));
  state.report('p-1', report(state));
  await state.change({ put: [file('a.yaml', '2')], remove: [] }, breather);
  state.confirm(hashes(state));
  expect(state.progress('a.yaml')).toEqual({ programmed: true, loaded: 0, replicas: 2 });
  expect(state.progress('b.yaml')).toEqual({ programmed: true, loaded: 2, replicas: 2 });
  expect(state.report('p-1', report(state))).toEqual(new Set(['a.yaml']));
});

test('a quarantined file is not loaded and says why', async () => {
  const state = await stateOf({ 'a.yaml': '1', 'b.yaml': '1' });
  state.confirm(hashes(state));
  const quarantined = [{ path: 'a.yaml', error: 'bad' }];
  expect(state.report('p-0', report(state, { quarantined }))).toEqual(new Set(['a.yaml', 'b.yaml']));
  expect(state.progress('a.yaml')).toMatchObject({ loaded: 0, quarantined: 'bad' });
  expect(state.report('p-0', report(state))).toEqual(new Set(['a.yaml']));
  expect(state.progress('a.yaml')).toEqual({ programmed: true, loaded: 1, replicas: 2 });
});

test('after a restart everything is read back, and replicas that run it count as loaded at once', async () => {
  const before = await stateOf({ 'a.yaml': '1', 'b.yaml': '2' });
  const after = new BundleState(slotNames);
  after.replicas.expect(['p-0']);
  await after.recover([...before.packing.values()], breather);
  expect(after.file('b.yaml')?.content).toBe('2');
  after.confirm(hashes(before));
  after.report('p-0', report(before));
  expect(after.progress('a.yaml')).toEqual({ programmed: true, loaded: 1, replicas: 1 });
  const again = await after.change({ put: [file('a.yaml', '1')], remove: [] }, breather);
  expect(again.changed).toEqual([]);
});

test('reports of replicas that should not run are ignored', async () => {
  const state = await stateOf({ 'a.yaml': '1' }, ['p-0']);
  expect(state.report('p-7', report(state))).toEqual(new Set());
  expect(state.progress('a.yaml')?.replicas).toBe(1);
});

test('a file that is too large is refused by name and its older content stays', async () => {
  const state = await stateOf({ 'a.yaml': '1' });
  const result = await state.change(
    { put: [file('a.yaml', 'x'.repeat(3 * 1024 * 1024))], remove: [] },
    breather,
  );
  expect(result.refused.map(({ path }) => path)).toEqual(['a.yaml']);
  expect(state.refusal('a.yaml')).toContain('bytes');
  expect(state.file('a.yaml')?.content).toBe('1');
});
