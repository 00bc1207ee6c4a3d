import { expect, test } from 'vitest';
import type { Fault } from '../crds/selection-status.ts';
import type { Verdict } from './selection.ts';
import { decideStages, decideSuspended, type StackStage, type StageInput } from './stages.ts';

const selected: Verdict = { selected: true, reason: 'Selected', message: 'selected' };
const refused: Verdict = { selected: false, reason: 'NotPermitted', message: 'no consent' };
const fault: Fault = { path: 'spec.groups[a]', code: 'PromqlSyntax', message: 'bad expression' };

function stage(more: Partial<StackStage> = {}): StackStage {
  return {
    namespace: 'monitoring',
    name: 'main',
    verdict: selected,
    programmed: true,
    loaded: 2,
    replicas: 2,
    faults: [],
    ...more,
  };
}

function input(more: Partial<StageInput> = {}): StageInput {
  return {
    faults: [],
    accepted: { parts: 1, of: 1, noun: 'group' },
    stages: [stage()],
    unselectedForMs: 0,
    ...more,
  };
}

function summary(more: Partial<StageInput>): string {
  return decideStages(input(more))
    .map(({ type, status, reason }) => `${type}=${status}/${reason}`)
    .join(' ');
}

test.each<[string, Partial<StageInput>, string]>([
  [
    'loaded everywhere is ready',
    {},
    'Accepted=True/Accepted Programmed=True/Programmed Loaded=True/Loaded Ready=True/Ready Reconciling=False/Ready Stalled=False/Ready',
  ],
  [
    'a fault stalls although the rest is live',
    { faults: [fault], accepted: { parts: 1, of: 2, noun: 'groups' } },
    'Accepted=False/PromqlSyntax Programmed=True/Programmed Loaded=True/Loaded Ready=False/PromqlSyntax Reconciling=False/Stalled Stalled=True/PromqlSyntax',
  ],
  [
    'what is not written yet is reconciling',
    { stages: [stage({ programmed: false, loaded: 0 })] },
    'Accepted=True/Accepted Programmed=False/Programming Loaded=False/Loading Ready=False/Programming Reconciling=True/Programming Stalled=False/Reconciling',
  ],
  [
    'one of two replicas is loading',
    { stages: [stage({ loaded: 1 })] },
    'Accepted=True/Accepted Programmed=True/Programmed Loaded=False/Loading Ready=False/Loading Reconciling=True/Loading Stalled=False/Reconciling',
  ],
  [
    'a file that the server refuses stalls',
    { stages: [stage({ loaded: 0, quarantined: 'bad' })] },
    'Accepted=True/Accepted Programmed=True/Programmed Loaded=False/Quarantined Ready=False/Quarantined Reconciling=False/Stalled Stalled=True/Quarantined',
  ],
  [
    'an object that no stack selects waits a minute',
    { stages: [], unselectedForMs: 59_000 },
    'Accepted=True/Accepted Programmed=False/NotSelected Loaded=False/NotSelected Ready=False/NotSelected Reconciling=True/NotSelected Stalled=False/Reconciling',
  ],
  [
    'an object that no stack may take stalls after a minute',
    { stages: [stage({ verdict: refused })], unselectedForMs: 60_000 },
    'Accepted=True/Accepted Programmed=False/NotPermitted Loaded=False/NotPermitted Ready=False/NotPermitted Reconciling=False/Stalled Stalled=True/NotPermitted',
  ],
  [
    'what one stack cannot take stalls, all else is loaded',
    { stages: [stage(), stage({ name: 'old', faults: [fault] })] },
    'Accepted=True/Accepted Programmed=True/Programmed Loaded=True/Loaded Ready=False/PromqlSyntax Reconciling=False/Stalled Stalled=True/PromqlSyntax',
  ],
  [
    'an object of which nothing is accepted is loaded nowhere, and the reason is the fault',
    {
      faults: [fault],
      accepted: { parts: 0, of: 1, noun: 'group' },
      stages: [stage({ loaded: 0, refused: true })],
    },
    'Accepted=False/PromqlSyntax Programmed=True/Programmed Loaded=False/NothingAccepted Ready=False/PromqlSyntax Reconciling=False/Stalled Stalled=True/PromqlSyntax',
  ],
  [
    'so is one of which a single stack can take nothing',
    { stages: [stage(), stage({ name: 'old', faults: [fault], loaded: 0, refused: true })] },
    'Accepted=True/Accepted Programmed=True/Programmed Loaded=False/NothingAccepted Ready=False/PromqlSyntax Reconciling=False/Stalled Stalled=True/PromqlSyntax',
  ],
])('%s', (_name, more, expected) => {
  expect(summary(more)).toBe(expected);
});

test('messages count parts and replicas over all stacks, and name the first fault', () => {
  const conditions = decideStages(
    input({
      faults: [fault, fault],
      accepted: { parts: 1, of: 3, noun: 'groups' },
      stages: [stage(), stage({ name: 'b', loaded: 1 })],
    }),
  );
  expect(conditions[0]!.message).toBe('1 of 3 groups accepted; spec.groups[a]: bad expression (and 1 more)');
  expect(conditions[2]!.message).toBe('3/4 replicas');
});

test('a suspended object is neither ready nor stalled, and still tells what is loaded', () => {
  const text = (stages: StackStage[]) =>
    decideSuspended(stages, [])
      .map(({ type, status, reason }) => `${type}=${status}/${reason}`)
      .join(' ');
  const rest = 'Ready=False/Suspended Reconciling=False/Suspended Stalled=False/Suspended';
  expect(text([stage()])).toBe(`Programmed=True/Programmed Loaded=True/Loaded ${rest}`);
  expect(text([stage({ loaded: 1 })])).toBe(`Programmed=True/Programmed Loaded=False/Loading ${rest}`);
  expect(text([stage({ programmed: false, loaded: 0 })])).toBe(
    `Programmed=False/Suspended Loaded=False/Loading ${rest}`,
  );
});
