import { listAll } from '../../src/kube/list.ts';
import { eventually } from '../support/operator-run.ts';
import { applyFigures, measureApply } from './apply-to-loaded.ts';
import { type Figure, mib, ms, tableText } from './figures.ts';
import { isLoaded, ruleSet, stack, stackRef } from './objects.ts';
import { BenchPlane, peakBytes } from './plane.ts';
import { reloaderPids } from './reloaders.ts';
import { measureRoutes } from './routes.ts';
import { createNamespaces, createSets, measureColdStart, measureDelta, measureHuge } from './scale.ts';

const argument = (name: string, fallback: number): number => {
  const at = process.argv.indexOf(name);
  return at < 0 ? fallback : Number(process.argv[at + 1]);
};
const sets = argument('--sets', 10_000);
const rounds = argument('--rounds', 40);
const fleet = { namespaces: Math.min(100, sets), sets };

const say = (text: string) =>
  process.stderr.write(`bench ${Math.round(performance.now() / 1000)}: ${text}\n`);
const figures: Figure[] = [];
const take = (...measured: readonly Figure[]) => {
  figures.push(...measured);
  for (const { what, value } of measured) say(`  ${what}: ${value}`);
};

say('starting API server, node and operator');
const standIn = process.argv.includes('--stand-in');
const plane = await BenchPlane.start({ standIn });
try {
  const { client } = plane;
  await client.create({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'monitoring' } });
  await plane.startOperator();
  await client.apply(stack, { fieldManager: 'bench', force: true });
  await client.apply(ruleSet('monitoring', 'measured', 9), { fieldManager: 'bench', force: true });
  await eventually(
    'both replicas have loaded the first rule set',
    async () => isLoaded(await client.get({ ...stackRef, kind: 'AlertRuleSet', name: 'measured' })),
    120_000,
  );
  say('apply -> loaded in an empty stack');
  if (!standIn) take(...applyFigures('empty stack', await measureApply(plane, rounds)));
  say(`applying ${sets} rule sets in ${fleet.namespaces} namespaces`);
  await createNamespaces(plane, fleet);
  take(...(await createSets(plane, fleet)));
  say('one changed set');
  take(...(await measureDelta(plane, sets)));
  take({
    what: "longest hold of the operator's main thread while they were created and changed",
    value: ms(await plane.takeLongestDelayMs()),
    aim: '<= 50 ms',
  });
  say('a group of thousands of rules');
  take(...(await measureHuge(plane, argument('--huge-rules', 2000))));
  say('apply -> loaded beside them');
  if (!standIn) take(...applyFigures(`beside ${sets}`, await measureApply(plane, Math.ceil(rounds / 4))));
  const reloaders = await reloaderPids();
  const rss = Math.max(...reloaders.map(peakBytes));
  if (!standIn) take({ what: 'peak RSS of a reloader', value: mib(rss), aim: '<= 80 MB' });
  say('operator starts over unchanged objects');
  take(...(await measureColdStart(plane, sets)));
  const events = await listAll(client, { apiVersion: 'v1', kind: 'Event' });
  say(`${events.items.length} Events were written`);
} finally {
  await plane.stop();
}
say('one changed AlertRoute beside 2500');
take(...measureRoutes(2500));
process.stdout.write(`${tableText(figures)}\n`);
process.exit(0);
