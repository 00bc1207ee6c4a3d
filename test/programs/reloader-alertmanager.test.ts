import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { AlertmanagerServer } from '../../src/agents/reloader/alertmanager-server.ts';
import { ConfigFolder } from '../../src/agents/reloader/config-folder.ts';
import { writeInitialFiles } from '../../src/agents/reloader/init.ts';
import { nodeFiles } from '../../src/agents/reloader/node-files.ts';
import { Reloader } from '../../src/agents/reloader/reloader.ts';
import { serverKinds } from '../../src/agents/reloader/server-kind.ts';
import { FakeApi, Fuse } from '../../src/agents/reloader/testing/fakes.ts';
import { systemClock } from '../../src/base/clock.ts';
import { silentLogger } from '../../src/base/log.ts';
import { systemRandom } from '../../src/base/random.ts';
import { indexHash } from '../../src/render/bundle/bundle-index.ts';
import { decodeReport, type Report } from '../../src/render/bundle/report.ts';
import { freePort } from '../support/free-port.ts';
import { realProgram } from '../support/programs.ts';

const api = new FakeApi();
const fuse = new Fuse(0);
let folder: string;
let url: string;
let server: ChildProcess;
let stop: AbortController;
let running: Promise<void>;
let reloader: Reloader;

const config = (receiver: string, secret = 'one') => ({
  'main-alertmanager-00': {
    'alertmanager.yaml': [
      `route: {receiver: ${receiver}}`,
      'receivers:',
      '  - name: known',
      '    webhook_configs:',
      '      - {url: "http://127.0.0.1:1/", http_config: {basic_auth: {username: u, password_file: secrets/a}}}',
      'templates: ["templates/*.tmpl"]',
      '',
    ].join('\n'),
    'templates/a.tmpl': '{{ define "a" }}text{{ end }}',
    'secrets/a': secret,
  },
});

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'promfleet-'));
  const configDir = join(folder, 'config');
  const address = `127.0.0.1:${await freePort()}`;
  url = `http://${address}`;
  stop = new AbortController();
  const common = { source: api.source(fuse), clock: systemClock, random: systemRandom, log: silentLogger };
  const kind = serverKinds.alertmanager;
  api.publish(config('known'));
  const initial = {
    ...common,
    reports: api.reports(fuse),
    folder: new ConfigFolder(nodeFiles(configDir), []),
    kind,
  };
  await writeInitialFiles(initial, stop.signal);
  const args = [
    `--config.file=${join(configDir, 'alertmanager.yaml')}`,
    `--storage.path=${join(folder, 'data')}`,
    `--web.listen-address=${address}`,
    '--cluster.listen-address=',
  ];
  server = spawn(await realProgram('alertmanager'), args, { stdio: 'ignore' });
  reloader = new Reloader({
    ...common,
    folder: new ConfigFolder(nodeFiles(configDir), []),
    server: new AlertmanagerServer({ url }),
    reports: {
      set: (text) => {
        api.report = text;
      },
    },
    kind,
    agentVersion: '0.1.0',
  });
  reloader.indexChanged(api.index);
  running = reloader.run(stop.signal);
  await reported();
});

afterEach(async () => {
  stop.abort();
  await running;
  server.kill('SIGKILL');
  rmSync(folder, { recursive: true, force: true });
});

async function reported(): Promise<Report> {
  const hash = indexHash(api.index!);
  for (let turn = 0; turn < 1000; turn++) {
    const report = api.report === undefined ? undefined : decodeReport(api.report);
    if (report?.indexHash === hash || report?.refusedIndexHash === hash) return report;
    await systemClock.sleep(20);
  }
  throw new Error('the newest index was never reported');
}

async function liveConfig(): Promise<string> {
  const status = (await (await fetch(`${url}/api/v2/status`)).json()) as { config: { original: string } };
  return status.config.original;
}

test('a new configuration and a rotated secret are loaded; a refused one leaves everything as it was', async () => {
  expect((await reported()).serverVersion).toMatch(/^\d+\.\d+/);
  const loads = () => reloader.counts.loads;

  reloader.indexChanged(api.publish(config('known', 'two')));
  expect((await reported()).error).toBeUndefined();
  expect(loads()).toBe(1);

  const good = await liveConfig();
  reloader.indexChanged(api.publish(config('unknown', 'three')));
  const report = await reported();
  expect(report.error).toContain('unknown');
  expect(await liveConfig()).toBe(good);
  expect(await nodeFiles(join(folder, 'config')).read('secrets/a')).toBe('two');
  const metrics = await (await fetch(`${url}/metrics`)).text();
  expect(metrics).toContain('alertmanager_config_last_reload_successful 1');

  reloader.indexChanged(api.publish(config('known', 'four')));
  expect(await reported()).toMatchObject({ quarantined: [] });
  expect(await nodeFiles(join(folder, 'config')).read('secrets/a')).toBe('four');
});
