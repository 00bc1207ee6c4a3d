import { expect, test } from 'vitest';
import { randomBelow, seededRandom } from '../../base/random.ts';
import { indexHash as indexHashOf } from '../../render/bundle/bundle-index.ts';
import { decodeReport } from '../../render/bundle/report.ts';
import { type Life, runInit, startAgent, until, type World } from './testing/agent.ts';
import { Disk, FakeApi, FakeServer } from './testing/fakes.ts';

type Bundle = Record<string, Record<string, string>>;

const config = (text = 'config') => ({ 'main-prometheus-0-config': { 'prometheus.yaml': `${text} end` } });
const rule = (text: string) => `name: ${text} end`;

function newWorld(): World {
  const disk = new Disk();
  return { disk, server: new FakeServer(disk), api: new FakeApi() };
}

/** A world whose server runs `bundle`. */
async function runningWorld(bundle: Bundle): Promise<{ world: World; life: Life }> {
  const world = newWorld();
  world.api.publish(bundle);
  await runInit(world);
  world.server.restart();
  const life = startAgent(world);
  await settled(world);
  return { world, life };
}

function reportOf(world: World) {
  return world.api.report === undefined ? undefined : decodeReport(world.api.report);
}

/** The report speaks of the newest index. */
async function settled(world: World): Promise<void> {
  const hash = indexHashOf(world.api.index!);
  await until(() => {
    // As a supervisor does with a server that ended.
    if (!world.server.up) world.server.restart();
    const report = reportOf(world);
    return report?.indexHash === hash || report?.refusedIndexHash === hash;
  }, 'a report about the newest index');
}

async function publish(world: World, life: Life, bundle: Bundle): Promise<void> {
  life.reloader.indexChanged(world.api.publish(bundle));
  await settled(world);
}

function running(world: World): Record<string, string> {
  return Object.fromEntries([...world.server.running].sort());
}

test('a changed rule set reaches the server with one reload', async () => {
  const { world, life } = await runningWorld({ ...config(), r0: { 'rules/a/x.yaml': rule('1') } });
  expect(world.server.reloads).toBe(0);
  await publish(world, life, { ...config(), r0: { 'rules/a/x.yaml': rule('2') } });
  expect(world.server.reloads).toBe(1);
  expect(running(world)['rules/a/x.yaml']).toBe(rule('2'));
  expect(reportOf(world)).toMatchObject({ quarantined: [], serverVersion: '3.5.3', agentVersion: '0.1.0' });
  life.stop();
  await life.ended;
});

test('repacking the same files into other slots reloads nothing', async () => {
  const { world, life } = await runningWorld({
    ...config(),
    r0: { 'rules/a/x.yaml': rule('1') },
    r1: { 'rules/b/y.yaml': rule('2') },
  });
  await publish(world, life, {
    ...config(),
    r0: { 'rules/b/y.yaml': rule('2'), 'rules/a/x.yaml': rule('1') },
  });
  expect(world.server.reloads).toBe(0);
  expect(Object.keys(running(world))).toEqual(['prometheus.yaml', 'rules/a/x.yaml', 'rules/b/y.yaml']);
  life.stop();
});

test('a removed rule set leaves the disk and the server', async () => {
  const { world, life } = await runningWorld({ ...config(), r0: { 'rules/a/x.yaml': rule('1') } });
  await publish(world, life, config());
  expect(Object.keys(running(world))).toEqual(['prometheus.yaml']);
  expect(world.disk.names.has('rules/a/x.yaml')).toBe(false);
  life.stop();
});

test('bad files are quarantined by name and everything else goes live', async () => {
  const files = Object.fromEntries(Array.from({ length: 20 }, (_, n) => [`rules/a/f${n}.yaml`, rule('old')]));
  const { world, life } = await runningWorld({ ...config(), r0: files });
  const bad = new Set(['rules/a/f3.yaml', 'rules/a/f17.yaml', 'rules/a/new.yaml']);
  const next = Object.fromEntries(
    [...Object.keys(files), 'rules/a/new.yaml'].map((path) => [
      path,
      bad.has(path) ? 'name: BAD end' : rule('new'),
    ]),
  );
  await publish(world, life, { ...config('newer'), r0: next });
  const report = reportOf(world)!;
  expect(new Set(report.quarantined.map(({ path }) => path))).toEqual(bad);
  expect(report.error).toBeUndefined();
  const now = running(world);
  expect(now['rules/a/f3.yaml']).toBe(rule('old'));
  expect(now['rules/a/new.yaml']).toBeUndefined();
  expect(now['rules/a/f4.yaml']).toBe(rule('new'));
  expect(now['prometheus.yaml']).toBe('newer end');
  expect(world.server.reloads).toBeLessThan(25);
  const { reloads } = world.server;
  await publish(world, life, { ...config('newer'), r0: { ...next, 'rules/a/new.yaml': rule('fixed') } });
  expect(reportOf(world)!.quarantined.map(({ path }) => path)).toEqual([
    'rules/a/f17.yaml',
    'rules/a/f3.yaml',
  ]);
  expect(running(world)['rules/a/new.yaml']).toBe(rule('fixed'));
  expect(world.server.reloads).toBe(reloads + 1);
  life.stop();
});

test('a refused main file keeps the old one running, and says so', async () => {
  const { world, life } = await runningWorld({ ...config(), r0: { 'rules/a/x.yaml': rule('1') } });
  const before = reportOf(world)!;
  await publish(world, life, { ...config('BAD'), r0: { 'rules/a/x.yaml': rule('2') } });
  const report = reportOf(world)!;
  expect(report.error).toContain('prometheus.yaml');
  expect(report.indexHash).toBe(before.indexHash);
  expect(report.slots['main-prometheus-0-config']).toBe(before.slots['main-prometheus-0-config']);
  expect(running(world)).toEqual({ 'prometheus.yaml': 'config end', 'rules/a/x.yaml': rule('2') });
  await publish(world, life, { ...config('good'), r0: { 'rules/a/x.yaml': rule('2') } });
  expect(reportOf(world)).toMatchObject({ quarantined: [] });
  expect(reportOf(world)!.error).toBeUndefined();
  expect(running(world)['prometheus.yaml']).toBe('good end');
  life.stop();
});

test('a slot that is newer than the index is read again until both fit', async () => {
  const { world, life } = await runningWorld({ ...config(), r0: { 'rules/a/x.yaml': rule('1') } });
  const index = world.api.publish({ ...config(), r0: { 'rules/a/x.yaml': rule('2') } });
  world.api.publish({ ...config(), r0: { 'rules/a/x.yaml': rule('3') } });
  life.reloader.indexChanged(index);
  await settled(world);
  expect(running(world)['rules/a/x.yaml']).toBe(rule('3'));
  life.stop();
});

test('another version of the server gets refused files again', async () => {
  const { world, life } = await runningWorld({ ...config(), r0: { 'rules/a/x.yaml': rule('1') } });
  await publish(world, life, { ...config(), r0: { 'rules/a/x.yaml': 'name: BAD end' } });
  const { reloads } = world.server;
  world.server.versionText = '3.6.0';
  life.reloader.indexChanged(
    world.api.publish({ ...config('x'), r0: { 'rules/a/x.yaml': 'name: BAD end' } }),
  );
  await until(() => world.server.reloads >= reloads + 3, 'the refused file is tried again');
  life.stop();
});

test('a new pod does not start with what its predecessor reported as refused', async () => {
  const { world, life } = await runningWorld({ ...config(), r0: { 'rules/a/x.yaml': rule('1') } });
  await publish(world, life, {
    ...config(),
    r0: { 'rules/a/x.yaml': 'name: BAD end', 'rules/a/y.yaml': rule('1') },
  });
  life.stop();
  world.disk.names.clear();
  expect(await runInit(world)).toBe(true);
  world.server.restart();
  expect(world.server.up).toBe(true);
  expect(Object.keys(running(world))).toEqual(['prometheus.yaml', 'rules/a/y.yaml']);
});

test('without the API the files of the last run serve; without files the init step fails', async () => {
  const { world, life } = await runningWorld({ ...config(), r0: { 'rules/a/x.yaml': rule('1') } });
  life.stop();
  world.api.index = undefined;
  expect(await runInit(world)).toBe(true);
  world.server.restart();
  expect(world.server.up).toBe(true);
  await expect(runInit(newWorld())).rejects.toThrow('the index does not exist yet');
});

test('a server that never starts gets its rule files set aside, and the bad one is found', async () => {
  const world = newWorld();
  world.api.publish({ ...config(), r0: { 'rules/a/x.yaml': 'name: BAD end', 'rules/a/y.yaml': rule('1') } });
  await runInit(world);
  world.server.restart();
  expect(world.server.up).toBe(false);
  const life = startAgent(world);
  await until(
    () => ![...world.disk.names.keys()].some((path) => path.startsWith('rules/')),
    'rules are set aside',
  );
  world.server.restart();
  await until(() => reportOf(world)?.quarantined.length === 1, 'the bad file is found');
  expect(running(world)['rules/a/y.yaml']).toBe(rule('1'));
  life.stop();
});

test('a server that does not start gets the newest main file, made for its version', async () => {
  const { world, life } = await runningWorld({ ...config('old'), r0: { 'rules/a/x.yaml': rule('1') } });
  world.server.up = false;
  life.reloader.indexChanged(world.api.publish({ ...config('new'), r0: { 'rules/a/x.yaml': rule('1') } }));
  await until(
    () => world.disk.names.get('prometheus.yaml')?.text === 'new end',
    'the newest main file is there',
  );
  world.server.restart();
  await settled(world);
  expect(running(world)).toEqual({ 'prometheus.yaml': 'new end', 'rules/a/x.yaml': rule('1') });
  life.stop();
});

test('an Alertmanager bundle is taken or refused as a whole', async () => {
  const world = newWorld();
  const files = {
    'prometheus.yaml': 'unused end',
    'alertmanager.yaml': 'one end',
    'templates/a.tmpl': 'one end',
  };
  world.api.publish({ s: files });
  world.server.restart();
  world.server.up = true;
  const life = startAgent(world, { kind: 'alertmanager' });
  await settled(world);
  await publish(world, life, {
    s: { ...files, 'alertmanager.yaml': 'two end', 'templates/a.tmpl': 'BAD end' },
  });
  expect(running(world)).toEqual(files);
  expect(reportOf(world)!.error).toContain('refused');
  life.stop();
});

/** What any of the published bundles wants in a file, and nothing else, may ever be seen by the server. */
function wholeFiles(world: World, published: readonly Bundle[]): void {
  for (const [path, { text }] of world.disk.names) {
    if (path.startsWith('.promfleet/')) continue;
    const known = published.some((bundle) => Object.values(bundle).some((files) => files[path] === text));
    expect(known, `${path} holds a content that was published, whole`).toBe(true);
  }
}

const bundles: readonly Bundle[] = [
  { ...config('c1'), r0: { 'rules/a/x.yaml': rule('1'), 'rules/a/y.yaml': rule('1') } },
  { ...config('c2'), r0: { 'rules/a/x.yaml': rule('2') }, r1: { 'rules/b/z.yaml': rule('2') } },
  {
    ...config('c2'),
    r0: { 'rules/a/x.yaml': 'name: BAD end', 'rules/a/y.yaml': rule('3') },
    r1: { 'rules/b/z.yaml': rule('3') },
  },
];

async function killAndRecover(killAt: number, alsoServer: boolean): Promise<boolean> {
  const world = newWorld();
  world.api.publish(bundles[0]!);
  if (!(await runInit(world, killAt))) await runInit(world);
  world.server.restart();
  let life = startAgent(world, { killAt });
  for (const bundle of bundles) {
    life.reloader.indexChanged(world.api.publish(bundle));
    await Promise.race([settled(world), life.ended]);
    if (life.fuse.signal.aborted) {
      await life.ended;
      wholeFiles(world, bundles);
      if (alsoServer) world.server.restart();
      life = startAgent(world);
      await until(() => {
        if (!world.server.up) world.server.restart();
        return reportOf(world)?.indexHash === hashOf(world);
      }, 'the newest index runs after the kill');
    }
    wholeFiles(world, bundles);
  }
  await settled(world);
  expect(running(world)['rules/a/y.yaml']).toBe(rule('3'));
  expect(running(world)['rules/b/z.yaml']).toBe(rule('3'));
  expect(running(world)['rules/a/x.yaml']).not.toContain('BAD');
  expect(reportOf(world)!.quarantined.map(({ path }) => path)).toEqual(['rules/a/x.yaml']);
  const onDisk = [...world.disk.names].filter(([path]) => !path.startsWith('.promfleet/'));
  expect(running(world)).toEqual(Object.fromEntries(onDisk.map(([path, { text }]) => [path, text]).sort()));
  const reached = life.fuse.signal.aborted || killAt > life.fuse.steps;
  life.stop();
  await life.ended;
  return reached;
}

function hashOf(world: World): string {
  return indexHashOf(world.api.index!);
}

test.each([false, true])(
  'killed at any step the declared state comes back (server killed too: %s)',
  async (alsoServer) => {
    for (let killAt = 1; killAt <= 110; killAt++) await killAndRecover(killAt, alsoServer);
  },
);

test('killed again and again at random steps the declared state comes back', async () => {
  for (let seed = 0; seed < 100; seed++) {
    const random = seededRandom(seed);
    const world = newWorld();
    world.api.publish(bundles[0]!);
    await runInit(world);
    world.server.restart();
    for (let round = 0; round < 6; round++) {
      world.api.publish(bundles[randomBelow(random, bundles.length)]!);
      const life = startAgent(world, { killAt: 1 + randomBelow(random, 40), random });
      await Promise.race([settled(world), life.ended]);
      life.stop();
      await life.ended;
      wholeFiles(world, bundles);
      if (random.next() < 0.4) world.server.restart();
    }
    world.api.publish(bundles[1]!);
    const life = startAgent(world);
    await until(() => {
      if (!world.server.up) world.server.restart();
      return reportOf(world)?.indexHash === hashOf(world);
    }, 'the newest index runs');
    const expected = Object.assign({}, ...Object.values(bundles[1]!));
    await until(
      () =>
        JSON.stringify(running(world)) ===
        JSON.stringify(Object.fromEntries(Object.entries(expected).sort())),
      `seed ${seed}`,
    );
    life.stop();
    await life.ended;
  }
});
