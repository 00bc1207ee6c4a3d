import { type Random, randomBelow } from '../../src/base/random.ts';
import { acceptedSpecs, refusedSpecs } from './crd-cases.ts';

/** Values to put into any field: each is right somewhere and wrong almost everywhere. */
const values: readonly unknown[] = [
  null,
  0,
  1,
  -1,
  1.5,
  1e15,
  true,
  [],
  {},
  [1],
  ['x'],
  [{ name: 'x' }],
  [{ name: 'x' }, { name: 'x' }],
  { x: 'y' },
  { name: 'x' },
  '',
  'x',
  '1h',
  '5m30s',
  '1m1h',
  ' 1h',
  '1.5Gi',
  '10k',
  '-5',
  '1e3',
  '1E3',
  '0.5',
  'Ki',
  '5n',
  '2026-01-01T00:00:00Z',
  '2026-02-30T00:00:00Z',
  '2026-01-01',
  'v3.5.3',
  'Rolling',
  'http://x',
  'ftp://x',
  'a'.repeat(300),
];

/** Fields to add to any object, most of them where they do not belong. */
const fields: Readonly<Record<string, unknown>> = {
  prometheus: {},
  shards: 2,
  retention: { time: '1d', size: '1Gi' },
  limits: { samples: 1 },
  rollout: { agents: 'Rolling' },
  externalLabels: { a: 'b' },
  scrape: { annotatedPods: {} },
  select: { rules: { matchExpressions: [{ key: 'a', operator: 'In', values: ['b'] }] } },
  imagePullSecrets: [{ name: 'x' }],
  extraArgs: [{ name: 'a', value: 'b' }],
  featureFlags: ['a', 'b'],
  resources: { requests: { cpu: 1, memory: '1Gi' } },
  storage: { size: '1Gi' },
  inhibitRules: [{ sourceMatchers: ['a=b'], targetMatchers: ['c=d'] }],
  timeIntervals: [{ name: 't', timeIntervals: [{ times: [{ startTime: '00:00', endTime: '24:00' }] }] }],
  templates: [{ name: 'a', text: 'b' }],
  email: { to: 'x' },
  pagerduty: { routingKey: { secretKeyRef: { name: 'a', key: 'b' } } },
  sns: { topicARN: 'x' },
  telegram: { chatID: 1 },
  jira: { project: 'x', issueType: 'y', fields: { a: [1] } },
  opsgenie: { responders: [{ name: 'x', type: 'user' }] },
  schedule: { cron: '0 0 * * *', duration: '1h' },
  stacks: {},
  labels: { a: 'b' },
  limit: 5,
  interval: '1m',
};

/** A spec of one of the kinds with one or two changes at random places. */
export function mutatedSpec(random: Random): { readonly kind: string; readonly spec: unknown } {
  const pick = <T>(list: readonly T[]): T => list[randomBelow(random, list.length)]!;
  const sources = [...acceptedSpecs, ...refusedSpecs].filter(
    ([, spec]) => spec !== null && !JSON.stringify(spec).includes('\\ud800'),
  );
  const [kind, source] = pick(sources);
  const spec = JSON.parse(JSON.stringify(source)) as Node;
  for (let left = 1 + randomBelow(random, 2); left > 0; left--) mutate(spec, random, pick);
  return { kind, spec };
}

type Node = Record<string, unknown> | unknown[];

function nodesOf(value: unknown): Node[] {
  if (typeof value !== 'object' || value === null) return [];
  return [value as Node, ...Object.values(value).flatMap(nodesOf)];
}

function mutate(spec: Node, random: Random, pick: <T>(list: readonly T[]) => T): void {
  const node = pick(nodesOf(spec));
  const keys = Object.keys(node);
  const way = keys.length === 0 ? 0 : randomBelow(random, 4);
  if (Array.isArray(node)) {
    const index = keys.length === 0 ? 0 : Number(pick(keys));
    if (way === 0) node.push(structuredClone(pick(values)));
    else if (way === 1) node.splice(index, 1);
    else if (way === 2) node[index] = structuredClone(pick(values));
    else node.push(structuredClone(node[index]));
    return;
  }
  if (way === 0) {
    const name = pick(Object.keys(fields));
    node[name] = structuredClone(fields[name]);
  } else if (way === 1) delete node[pick(keys)];
  else if (way === 2) node[pick(keys)] = structuredClone(pick(values));
  else {
    const name = pick(keys);
    node[`${name}x`] = node[name];
  }
}
