import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { blockNames, makeBlocks, steadySeries } from '../../support/made-block.ts';
import { ownImage } from '../images.ts';
import { writingJob } from '../objects.ts';
import type { Metadata, World } from '../world.ts';

interface Stack {
  readonly status?: {
    readonly replicas?: readonly {
      readonly pod?: string;
      readonly shipping?: { readonly lastUpload?: string; readonly error?: string };
    }[];
  };
}

const hourMs = 3_600_000;
const claim = 'data-main-prometheus-0-0';

/** A block on the disk of one replica goes to the bucket, and is answered from there when that disk is lost. */
export function history(world: () => World): void {
  // Two whole hours that lie between the retention of the server and its head.
  const startMs = Math.floor(Date.now() / (2 * hourMs)) * 2 * hourMs - 6 * hourMs;
  const past = `&time=${(startMs + hourMs) / 1000}`;
  const count = async () => {
    const { data, warnings } = await world().query('count(past_total)', past);
    return warnings === undefined ? data.result[0]?.value[1] : undefined;
  };

  it('ships a finished block to an S3 server', async () => {
    const folder = join(world().folder, 'history');
    await makeBlocks(folder, steadySeries(7, startMs, 2, 'past_total'));
    const [block = ''] = blockNames(join(folder, 'data'));
    const files = new Map<string, Buffer>();
    for (const path of readdirSync(join(folder, 'data', block), { recursive: true, withFileTypes: true }))
      if (path.isFile()) {
        const file = join(path.parentPath, path.name);
        files.set(file.slice(join(folder, 'data').length + 1), readFileSync(file));
      }
    await world().apply(...writingJob({ name: 'history', claim, image: ownImage, files }));
    await world().kubectl(
      'wait',
      '-n',
      'monitoring',
      '--for=condition=Complete',
      'job/history',
      '--timeout=120s',
    );
    await world().until('the upload', async () => {
      const { status } = await world().get<Stack>('-n', 'monitoring', 'monitoringstack/main');
      return status?.replicas?.some(({ shipping }) => shipping?.lastUpload !== undefined) === true;
    });
    await world().until('the past to be answered', async () => (await count()) === '7');
    await world().kubectl('delete', '-n', 'monitoring', 'job/history', 'configmap/history');
  });

  it('answers from there when the volume is lost', async () => {
    const before = await volumeOf(claim);
    await world().kubectl('delete', '-n', 'monitoring', 'pvc', claim, '--wait=false');
    await world().kubectl('delete', '-n', 'monitoring', 'pod', 'main-prometheus-0-0');
    await world().until('a new volume', async () => {
      const now = await volumeOf(claim).catch(() => undefined);
      return now !== undefined && now !== before;
    });
    await world().everythingReady();
    await world().until('the past to be answered', async () => (await count()) === '7');
    await world().wholeAnswer();
  });

  async function volumeOf(name: string): Promise<string> {
    const found = await world().get<{ metadata: Metadata }>('-n', 'monitoring', 'pvc', name);
    return found.metadata.uid;
  }

  it('lets volumes grow without a restart', async () => {
    const before = await world().serverRuns();
    await world().patch('monitoring', 'monitoringstack/main', {
      spec: { prometheus: { storage: { size: '3Gi' } } },
    });
    for (const replica of [0, 1])
      await world().until(`the volume of replica ${replica} to have grown`, async () => {
        const { status } = await world().get<{ status: { capacity?: { storage: string } } }>(
          ...['-n', 'monitoring', 'pvc', `data-main-prometheus-0-${replica}`],
        );
        return status.capacity?.storage === '3Gi';
      });
    await world().untilReady('monitoring', 'monitoringstack/main');
    expect(await world().serverRuns()).toEqual(before);
  });
}
