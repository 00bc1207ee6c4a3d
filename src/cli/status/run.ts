import { type Clock, systemClock } from '../../base/clock.ts';
import { limits } from '../../base/limits.ts';
import { systemRandom } from '../../base/random.ts';
import type { KubeClient } from '../../kube/client.ts';
import { connect } from '../../kube/connect.ts';
import { clusterConnection } from '../cluster-connection.ts';
import { type CliIo, exitCodes } from '../io.ts';
import { drawPicture } from './draw.ts';
import { observeCluster, ownResources } from './observe.ts';
import { allReady, pictureOf, type StatusPicture } from './picture.ts';

export interface StatusOptions {
  readonly kubeconfig?: string;
  readonly context?: string;
  readonly namespace?: string;
  readonly all?: boolean;
  readonly json?: boolean;
  readonly watch?: boolean;
}

/** Reads the cluster, prints the picture and returns the exit code. */
export async function runStatus(options: StatusOptions, io: CliIo): Promise<number> {
  const connection = await clusterConnection(options, io);
  const client = connect(connection, {
    clock: systemClock,
    random: systemRandom,
    userAgent: 'promfleet-status',
    resources: ownResources,
  });
  return await showStatus(client, options, io, systemClock);
}

/** The command behind its connection. */
export async function showStatus(
  client: KubeClient,
  options: StatusOptions,
  io: CliIo,
  clock: Clock,
): Promise<number> {
  let shown: string | undefined;
  for (;;) {
    const observed = await observeCluster(client, options.namespace, io.signal).catch((error: unknown) => {
      if (io.signal?.aborted === true) return undefined;
      throw error;
    });
    if (observed === undefined) return exitCodes.ok;
    const picture = pictureOf(observed);
    const fingerprint = JSON.stringify(picture);
    // A terminal is drawn anew each time, for the ages; a log gets changes only.
    const onScreen = options.watch === true && options.json !== true && io.colors;
    if (onScreen || fingerprint !== shown) {
      const clear = onScreen ? '\u001b[2J\u001b[H' : '';
      io.out(clear + render(picture, options, io, clock));
      shown = fingerprint;
    }
    if (options.watch !== true) return allReady(picture) ? exitCodes.ok : exitCodes.fault;
    const ended = await clock.sleep(limits.statusWatchMs, io.signal).then(
      () => false,
      () => true,
    );
    if (ended) return exitCodes.ok;
  }
}

function render(picture: StatusPicture, options: StatusOptions, io: CliIo, clock: Clock): string {
  if (options.json === true) return `${JSON.stringify({ formatVersion: 1, ...picture }, null, 2)}\n`;
  const { colors, columns } = io;
  return drawPicture(picture, { colors, columns, nowMs: clock.nowMs(), all: options.all === true });
}
