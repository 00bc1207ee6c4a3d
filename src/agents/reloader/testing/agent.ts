/** One life of the agent over the doubles. */
import { silentLogger } from '../../../base/log.ts';
import { type Random, seededRandom } from '../../../base/random.ts';
import { ConfigFolder } from '../config-folder.ts';
import { writeInitialFiles } from '../init.ts';
import { Reloader } from '../reloader.ts';
import { ReportWriter } from '../report-writer.ts';
import { kubeconfigFile, serverKinds } from '../server-kind.ts';
import { type Disk, type FakeApi, type FakeServer, FastClock, Fuse, Killed } from './fakes.ts';

export interface World {
  readonly disk: Disk;
  readonly server: FakeServer;
  readonly api: FakeApi;
}

export interface Life {
  readonly reloader: Reloader;
  readonly fuse: Fuse;
  /** Ends when the agent is stopped or killed. */
  readonly ended: Promise<void>;
  stop(): void;
}

export function startAgent(
  world: World,
  options: { killAt?: number; random?: Random; kind?: 'prometheus' | 'alertmanager' } = {},
): Life {
  const fuse = new Fuse(options.killAt ?? 0);
  const clock = new FastClock();
  const random = options.random ?? seededRandom(1);
  const stop = new AbortController();
  const signal = AbortSignal.any([fuse.signal, stop.signal]);
  const log = silentLogger;
  const reports = new ReportWriter({ store: world.api.reports(fuse), clock, random, log });
  const reloader = new Reloader({
    source: world.api.source(fuse),
    folder: new ConfigFolder(world.disk.files(fuse), [kubeconfigFile]),
    server: world.server.port(fuse),
    reports,
    kind: serverKinds[options.kind ?? 'prometheus'],
    agentVersion: '0.1.0',
    clock,
    random,
    log,
  });
  if (world.api.index !== undefined) reloader.indexChanged(world.api.index);
  const ended = Promise.all([reloader.run(signal), reports.run(signal)]).then(
    () => {},
    (error) => {
      if (!(error instanceof Killed)) throw error;
    },
  );
  return { reloader, fuse, ended, stop: () => stop.abort() };
}

/** The init step; false when it was killed. */
export async function runInit(world: World, killAt = 0): Promise<boolean> {
  const fuse = new Fuse(killAt);
  try {
    await writeInitialFiles(
      {
        source: world.api.source(fuse),
        reports: world.api.reports(fuse),
        folder: new ConfigFolder(world.disk.files(fuse), [kubeconfigFile]),
        kind: serverKinds.prometheus,
        clock: new FastClock(),
        random: seededRandom(1),
        log: silentLogger,
      },
      fuse.signal,
    );
    return true;
  } catch (error) {
    if (error instanceof Killed) return false;
    throw error;
  }
}

/** Lets the agent work until `done`, for a bounded number of turns. */
export async function until(done: () => boolean, what: string): Promise<void> {
  for (let turn = 0; turn < 20_000; turn++) {
    if (done()) return;
    await new Promise((resolve) => setImmediate(resolve));
  }
  throw new Error(`never happened: ${what}`);
}
