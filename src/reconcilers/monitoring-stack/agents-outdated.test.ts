import { expect, test } from 'vitest';
import { agentsOutdated } from './agents-outdated.ts';

test.each<[string, string | undefined, readonly (string | undefined)[], string | undefined]>([
  ['all of the same version', '1.4.0', ['1.4.0', '1.4.9'], 'False UpToDate'],
  ['one is a minor version behind', '1.4.0', ['1.4.0', '1.3.9'], 'True Outdated'],
  ['one is two behind', '1.4.0', ['1.4.0', '1.2.0'], 'True SkewExceeded'],
  ['one is ahead by one, as after a rollback', '1.4.0', ['1.5.0'], 'False UpToDate'],
  ['one is ahead by two', '1.4.0', ['1.6.0'], 'True SkewExceeded'],
  ['another major version', '2.0.0', ['1.9.0'], 'True SkewExceeded'],
  ['nobody has reported', '1.4.0', [undefined, ''], undefined],
  ['the operator has no version', undefined, ['1.4.0'], undefined],
  ['some have reported', '1.4.0', [undefined, '1.4.0'], 'False UpToDate'],
])('%s', (_, operator, agents, expected) => {
  const draft = agentsOutdated(
    operator,
    agents.map((agentVersion, index) => ({ name: `pod-${index}`, agentVersion })),
  );
  expect(draft === undefined ? undefined : `${draft.status} ${draft.reason}`).toBe(expected);
});

test('says who, how many and what to do', () => {
  const agents = [
    { name: 'a', agentVersion: '1.4.0' },
    { name: 'b', agentVersion: '1.3.2' },
  ];
  expect(agentsOutdated('1.4.1', agents)?.message).toBe(
    '1 of 2 replicas, such as b, run agents of 1.3.2; the operator is 1.4.1. They are replaced when the pods restart, or at once with rollout.agents: Rolling; do so before the next minor version.',
  );
});
