/**
 * The figures of a whole cluster, as a table: real kubelet, containers and network.
 *   node test/bench/cluster/main.ts [--sets 10000] [--rounds 40]
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { systemClock as clock } from '../../../src/base/clock.ts';
import { systemRandom as random } from '../../../src/base/random.ts';
import { connect, findConnection } from '../../../src/kube/connect.ts';
import { quickstartImages } from '../../kind/images.ts';
import { startCluster } from '../../kind/target.ts';
import { release, settings, system, World } from '../../kind/world.ts';
import { realProgram } from '../../support/programs.ts';
import { applyFigures, measureApply } from '../apply-to-loaded.ts';
import { type Figure, mib, ms, tableText } from '../figures.ts';
import { ruleSet, stack } from '../objects.ts';
import { createNamespaces, createSets } from '../scale.ts';

const argument = (name: string, fallback: number): number => {
  const at = process.argv.indexOf(name);
  return at < 0 ? fallback : Number(process.argv[at + 1]);
};
const sets = argument('--sets', 10_000);
const rounds = argument('--rounds', 40);
const idleS = 60;
const aims = { median: '<= 2 s', p95: '<= 4 s' };

const figures: Figure[] = [];
const take = (...measured: readonly Figure[]) => {
  figures.push(...measured);
  for (const { what, value } of measured) process.stderr.write(`bench: ${what}: ${value}\n`);
};

const images = await quickstartImages();
const world = new World(await startCluster());
const proxy = spawn(
  await realProgram('kubectl'),
  ['--kubeconfig', world.cluster.kubeconfig, 'proxy', '--port=0'],
  { stdio: ['ignore', 'pipe', 'inherit'] },
);
try {
  const [said] = (await once(proxy.stdout, 'data')) as [Buffer];
  const base = /127\.0\.0\.1:\d+/.exec(said.toString())?.[0];
  if (base === undefined) throw new Error(`kubectl proxy says no address: ${said}`);
  const connection = await findConnection({ env: {}, kubeconfig: world.cluster.kubeconfig });
  const limits = { requestsPerSecond: 1000, burst: 1000 };
  const client = connect(connection, { clock, random, userAgent: 'bench', limits });
  const measured = {
    client,
    podUrl: async (namespace: string, pod: string, port: number) =>
      `http://${base}/api/v1/namespaces/${namespace}/pods/${pod}:${port}/proxy`,
  };
  const operator = async (name: string): Promise<number> => {
    const url = `http://${base}/api/v1/namespaces/${system}/pods/${await leader()}:8080/proxy/metrics`;
    const text = await fetch(url).then((response) => response.text());
    const line = text.split('\n').find((each) => each.startsWith(`${name} `) || each.startsWith(`${name}{`));
    if (line === undefined) throw new Error(`the operator exposes no ${name}`);
    return Number(line.slice(line.lastIndexOf(' ')));
  };
  const leader = async (): Promise<string> => {
    const lease = await world.get<{ spec: { holderIdentity: string } }>(
      '-n',
      system,
      'lease/promfleet-operator',
    );
    return lease.spec.holderIdentity.split('_')[0]!;
  };

  await world.cluster.load(...images);
  await world.kubectl('create', 'namespace', system);
  let started = performance.now();
  await world.helm('install', ...release, ...settings);
  take({
    what: 'helm install until everything is ready',
    value: ms(performance.now() - started),
    aim: '<= 60 s',
  });

  await world.kubectl('create', 'namespace', 'monitoring');
  started = performance.now();
  await client.apply(stack, { fieldManager: 'bench', force: true });
  await client.apply(ruleSet('monitoring', 'measured', 9), { fieldManager: 'bench', force: true });
  await world.untilReady('monitoring', 'monitoringstack/main');
  await world.untilReady('monitoring', 'alertruleset/measured');
  take({
    what: 'apply of a stack until it is ready',
    value: ms(performance.now() - started),
    aim: '<= 60 s',
  });

  take(...applyFigures('empty stack', await measureApply(measured, rounds), aims));

  const cpuBefore = await operator('process_cpu_seconds_total');
  await clock.sleep(idleS * 1000);
  const cpu = ((await operator('process_cpu_seconds_total')) - cpuBefore) / idleS;
  take(
    { what: 'operator at rest, processor', value: `${(cpu * 1000).toFixed(1)} millicores`, aim: '<= 10' },
    {
      what: 'operator at rest, RSS',
      value: mib(await operator('process_resident_memory_bytes')),
      aim: '<= 120 MB',
    },
  );

  const before = await world.serverRuns();
  const fleet = { namespaces: Math.min(100, sets), sets };
  await createNamespaces(measured, fleet);
  take(...(await createSets(measured, fleet)).map((figure) => ({ ...figure, aim: figure.aim || '<= 60 s' })));
  if (JSON.stringify(await world.serverRuns()) !== JSON.stringify(before))
    throw new Error('pods were restarted while rules came');
  take({ what: '  pods restarted by that', value: '0', aim: '0' });
  take(
    ...applyFigures(`beside ${sets}`, await measureApply(measured, Math.ceil(rounds / 4)), {
      median: '',
      p95: '',
    }),
  );
  await client.close();
  console.log(tableText(figures));
} finally {
  proxy.kill();
  await world.stop();
}
