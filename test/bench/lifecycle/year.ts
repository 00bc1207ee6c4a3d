/**
 * Plans a simulated year of a fleet from its metas: 300 clusters with two replicas each, compacted in three resolutions, and
 * 100,000 blocks that nothing has compacted. Run as a process of its own, so that its memory is that of planning. Prints
 * one line of JSON.
 */
import { parseBlockMeta } from '../../../src/storage-engine/format/block-meta.ts';
import { plan } from '../../../src/storage-engine/lifecycle/plan/plan.ts';
import { type PlannedBlock, planBlock } from '../../../src/storage-engine/lifecycle/plan/planned-block.ts';

const hourMs = 3_600_000;
const fortnightMs = 14 * 24 * hourMs;
const originMs = 1_300 * fortnightMs;
const clusters = 300;
const replicas = 2;
const fortnights = 26;
const fresh = 100_000;
const digits = '0123456789ABCDEFGHJKMNPQRSTVWXYZ';

let made = 0;
function ulid(): string {
  let text = '';
  for (let n = ++made, i = 0; i < 16; i++, n = Math.floor(n / 32)) text = digits[n % 32] + text;
  return `01YEAR0000${text}`;
}

const marks = { deletion: false, noCompact: false, noDownsample: false };
const context = { replicaLabels: ['replica'], consistencyDelayMs: 0, modifiedMs: 0, marks };

/** As a pass does: a meta.json is parsed, and the little that planning needs of it is kept. */
function planned(
  cluster: number,
  replica: number,
  fromMs: number,
  hours: number,
  resolution: number,
  sources: string[],
): PlannedBlock {
  const own = ulid();
  const text = JSON.stringify({
    ulid: own,
    minTime: fromMs,
    maxTime: fromMs + hours * hourMs,
    stats: { numSeries: 100_000, numSamples: 1e9, numChunks: 1e7 },
    compaction: { level: sources.length > 0 ? 4 : 1, sources: sources.length > 0 ? sources : [own] },
    version: 1,
    thanos: {
      version: 1,
      labels: { cluster: `c${cluster}`, replica: `r${replica}` },
      downsample: { resolution },
      source: sources.length > 0 ? 'compactor' : 'sidecar',
    },
  });
  return planBlock(parseBlockMeta(text, own), context);
}

/** Processor time, as other work on the machine is no planning. */
const cpuSeconds = () => process.cpuUsage().user / 1e6;
const began = cpuSeconds();
const blocks: PlannedBlock[] = [];
for (let cluster = 0; cluster < clusters; cluster++)
  for (let replica = 0; replica < replicas; replica++)
    for (let f = 0; f < fortnights; f++) {
      const sources = Array.from({ length: 168 }, ulid);
      for (const resolution of [0, 300_000, hourMs])
        blocks.push(planned(cluster, replica, originMs + f * fortnightMs, 336, resolution, sources));
    }
const writers = clusters * replicas;
for (let i = 0; i < fresh; i++) {
  const fromMs = originMs + fortnights * fortnightMs + Math.floor(i / writers) * 2 * hourMs;
  blocks.push(planned(i % clusters, Math.floor((i % writers) / clusters), fromMs, 2, 0, []));
}
const read = cpuSeconds();
const { jobs, superseded } = plan(blocks, { nowMs: Number.MAX_SAFE_INTEGER });
const done = cpuSeconds();
console.log(
  JSON.stringify({
    blocks: blocks.length,
    jobs: jobs.length,
    superseded: superseded.length,
    readSeconds: read - began,
    planSeconds: done - read,
    peakMib: process.resourceUsage().maxRSS / 1024,
  }),
);
