import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Clock } from '../../../base/clock.ts';
import type { Logger } from '../../../base/log.ts';
import type { Random } from '../../../base/random.ts';
import type { Bucket } from '../../../storage-engine/bucket/bucket.ts';
import { LiveClient } from '../../../storage-engine/query/live-client.ts';
import type { ClientTls } from '../../reloader/http-call.ts';
import { blockFolder } from '../data-folder.ts';
import { sendBlock } from '../ship-block.ts';
import { cutHead } from './cut-head.ts';
import type { DrainPorts } from './drainer.ts';
import { readServerFacts } from './server-facts.ts';

/** Folder, below the data folder, of the block that the last samples become. */
const cutFolder = 'promfleet-drain';

/** The ports of a drain over a real server, data folder and bucket. */
export function drainPorts(of: {
  readonly serverUrl: string;
  readonly tls?: ClientTls | undefined;
  readonly tsdbDir: string;
  readonly bucket: () => Promise<Bucket>;
  readonly shipAll: (signal: AbortSignal) => Promise<boolean>;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Logger;
}): DrainPorts {
  const { serverUrl, tsdbDir, clock, random, log } = of;
  const parent = join(tsdbDir, cutFolder);
  return {
    clock,
    log,
    shipAll: of.shipAll,
    facts: (signal) => readServerFacts(serverUrl, signal, of.tls),
    async cut({ head, external }, signal) {
      if (head === undefined) return undefined;
      await mkdir(parent, { recursive: true });
      const client = new LiveClient(serverUrl, of.tls);
      try {
        return await cutHead(client, {
          startMs: head.startMs,
          endMs: head.endMs,
          external,
          parent,
          clock,
          random,
          signal,
        });
      } finally {
        await client.close();
      }
    },
    async sendCut(ulid, { external }, signal) {
      const files = await blockFolder(join(parent, ulid));
      const to = { bucket: await of.bucket(), labels: external, source: 'sidecar', random } as const;
      await sendBlock(ulid, parent, files, to, { signal });
      await rm(parent, { recursive: true, force: true });
    },
  };
}
