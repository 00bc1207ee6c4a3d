import { describe, expect, it } from 'vitest';
import type { Pod } from '../types.ts';
import { type ContainerFacts, neverRun, planPod } from './pod.ts';

const pod: Pod = {
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name: 'p', namespace: 'n' },
  spec: {
    initContainers: [{ name: 'first' }, { name: 'sidecar', restartPolicy: 'Always' }, { name: 'last' }],
    containers: [{ name: 'a' }, { name: 'b' }],
  },
};
const running: ContainerFacts = { ...neverRun, state: 'running', started: true };
const done: ContainerFacts = { ...neverRun, state: 'terminated', exitCode: 0 };
const failed: ContainerFacts = { ...neverRun, state: 'terminated', exitCode: 1 };

function plan(
  facts: Record<string, ContainerFacts>,
  options: Partial<Parameters<typeof planPod>[2]> = {},
  of = pod,
) {
  return planPod(of, new Map(Object.entries(facts)), {
    terminating: false,
    wasInitialized: false,
    nowMs: 1000,
    ...options,
  });
}

describe('planPod', () => {
  it.each<[string, Record<string, ContainerFacts>, string[]]>([
    ['starts the first init container alone', {}, ['first']],
    ['waits while it runs', { first: running }, []],
    ['starts it again when it failed', { first: failed }, ['first']],
    ['starts a sidecar in its turn', { first: done }, ['sidecar']],
    [
      'waits for a sidecar that has not started',
      { first: done, sidecar: { ...running, started: false } },
      [],
    ],
    ['goes on beside a started sidecar', { first: done, sidecar: running }, ['last']],
    [
      'starts all containers after the last init container',
      { first: done, sidecar: running, last: done },
      ['a', 'b'],
    ],
  ])('%s', (_title, facts, start) => {
    expect(plan(facts).start).toEqual(start);
  });

  it('restarts what ended, without running init containers again', () => {
    const facts = { first: done, sidecar: failed, last: done, a: running, b: failed };
    expect(plan(facts, { wasInitialized: true }).start).toEqual(['sidecar', 'b']);
  });

  it('waits for the end of a backoff and says when it is', () => {
    const facts = {
      first: done,
      sidecar: running,
      last: done,
      a: running,
      b: { ...failed, notBeforeMs: 5000 },
    };
    expect(plan(facts, { wasInitialized: true })).toMatchObject({ start: [], wakeAtMs: 5000 });
    expect(plan(facts, { wasInitialized: true, nowMs: 5000 }).start).toEqual(['b']);
  });

  it('stops containers first, then sidecars, then says that all has stopped', () => {
    const all = { first: done, sidecar: running, last: done, a: running, b: running };
    const options = { terminating: true, wasInitialized: true };
    expect(plan(all, options).stop).toEqual(['a', 'b']);
    expect(plan({ ...all, a: { ...running, stopping: true }, b: done }, options)).toMatchObject({
      stop: [],
      stopped: false,
    });
    expect(plan({ ...all, a: done, b: done }, options).stop).toEqual(['sidecar']);
    expect(plan({ ...all, a: done, b: done, sidecar: done }, options)).toMatchObject({
      stop: [],
      stopped: true,
    });
  });

  it.each<['OnFailure' | 'Never', ContainerFacts, string | null, string[]]>([
    ['OnFailure', failed, null, ['a']],
    ['OnFailure', done, 'Succeeded', []],
    ['Never', failed, 'Failed', []],
    ['Never', done, 'Succeeded', []],
  ])('with restartPolicy %s and exit code of %o the pod is %s', (restartPolicy, end, finished, start) => {
    const job: Pod = { ...pod, spec: { restartPolicy, containers: [{ name: 'a' }] } };
    expect(plan({ a: end }, {}, job)).toMatchObject({ finished, start });
  });
});
