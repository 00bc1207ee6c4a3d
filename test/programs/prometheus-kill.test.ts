import type { ChildProcess } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { systemClock } from '../../src/base/clock.ts';
import { randomBelow, seededRandom } from '../../src/base/random.ts';
import { PrometheusWorld } from './prometheus-world.ts';

let world: PrometheusWorld;
let agent: ChildProcess | undefined;

beforeEach(async () => {
  world = new PrometheusWorld();
  await world.start();
});

afterEach(async () => {
  await kill(agent, 'SIGKILL');
  await world.stop();
});

async function kill(child: ChildProcess | undefined, signal: NodeJS.Signals): Promise<void> {
  if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
  const ended = new Promise((resolve) => child.once('exit', resolve));
  child.kill(signal);
  await ended;
}

const config = 'global: {evaluation_interval: 1s}\nrule_files: ["rules/????/*.yaml"]\n';

function rule(name: string, version: number): string {
  return `groups:\n  - name: ${name}\n    rules:\n      - record: version\n        expr: "${version}"\n`;
}

/** Ten files in two slots; some change with each version, and one comes and goes. */
function bundle(version: number): Record<string, Record<string, string>> {
  const slots: Record<string, Record<string, string>> = {
    'main-prometheus-0-config': { 'prometheus.yaml': config },
  };
  for (let n = 0; n < 10; n++) {
    if (n === 9 && version % 2 === 1) continue;
    const slot = `main-rules-0${n % 2}`;
    slots[slot] = { ...slots[slot], [`rules/team/f${n}.yaml`]: rule(`g${n}`, n % 3 === 0 ? version : 0) };
  }
  return slots;
}

test('killed at any moment, reloader and Prometheus come back with whole files and the newest content', async () => {
  const random = seededRandom(20261121);
  const published: Record<string, Record<string, string>>[] = [];
  const publish = async (version: number) => {
    published.push(bundle(version));
    await world.publish(bundle(version));
  };
  const wholeFiles = () => {
    for (const entry of readdirSync(world.configDir, { recursive: true, withFileTypes: true })) {
      const path = join(entry.parentPath, entry.name).slice(world.configDir.length + 1);
      if (entry.isDirectory() || path.startsWith('.promfleet/') || path === 'kubeconfig') continue;
      const text = readFileSync(join(world.configDir, path), 'utf8');
      expect(published.some((slots) => Object.values(slots).some((files) => files[path] === text))).toBe(
        true,
      );
    }
  };
  await publish(0);
  await world.init();
  await world.startServer();
  agent = world.spawnAgent('--log-level=error');
  await world.reported();
  for (let version = 1; version <= 8; version++) {
    await publish(version);
    await systemClock.sleep(randomBelow(random, 30));
    const serverToo = random.next() < 0.4;
    await Promise.all([kill(agent, 'SIGKILL'), serverToo ? world.killServer() : undefined]);
    wholeFiles();
    if (serverToo) await world.startServer();
    agent = world.spawnAgent('--log-level=error');
    // Sometimes the next change comes before the agent is up again.
    if (random.next() < 0.5) await world.reported();
  }
  await publish(9);
  const report = await world.reported();
  expect(report).toMatchObject({ quarantined: [] });
  wholeFiles();
  const { groups } = await world.get<{ groups: { name: string; rules: { query: string }[] }[] }>(
    '/api/v1/rules',
  );
  expect(groups.map(({ name, rules }) => `${name}=${rules[0]!.query}`)).toEqual(
    Array.from({ length: 9 }, (_, n) => `g${n}=${n % 3 === 0 ? 9 : 0}`),
  );
  await kill(agent, 'SIGTERM');
  expect(agent.exitCode).toBe(0);
});
