import { cpSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { promfleet } from '../support/cli.ts';
import { blockNames, makeBlocks, steadySeries } from '../support/made-block.ts';

const folder = mkdtempSync(join(tmpdir(), 'tools-'));
const bucket = join(folder, 'bucket');
const duplicate = '7ZZZZZZZZZZZZZZZZZZZZZZZZZ';
const partial = '7ZZZZZZZZZZZZZZZZZZZZZZZZY';
let ulids: string[];

const tool = (verb: string, ...more: string[]) =>
  promfleet(folder, 'bucket', verb, '--bucket-dir=bucket', ...more);
const json = async (verb: string, ...more: string[]) => JSON.parse((await tool(verb, '--json', ...more)).out);

beforeAll(async () => {
  ulids = await makeBlocks(folder, [
    ...steadySeries(30, 1_699_999_200_000, 3, 'orders_total').map((series, i) => ({
      ...series,
      labels: { ...series.labels, promfleet_team: i % 3 === 0 ? 'payments' : 'checkout' },
    })),
    ...steadySeries(5, 1_699_999_200_000, 3, 'up'),
  ]);
  await promfleet(folder, 'import-history', 'data', '--bucket-dir=bucket', '--label=cluster=eu');
  // A block that descends from the same as an older one, and an upload that was given up.
  cpSync(join(bucket, ulids[0]!), join(bucket, duplicate), { recursive: true });
  const meta = readFileSync(join(bucket, duplicate, 'meta.json'), 'utf8');
  writeFileSync(join(bucket, duplicate, 'meta.json'), meta.replace(ulids[0]!, duplicate));
  cpSync(join(bucket, ulids[1]!, 'index'), join(bucket, partial, 'index'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

test('ls and inspect show blocks, their labels and what is unusual', async () => {
  const { out } = await tool('ls');
  expect(out).toContain('cluster="eu"');
  expect(out).toMatch(new RegExp(`${partial}.*partial`));
  expect(await json('ls', '--label=cluster=eu')).toHaveLength(ulids.length + 1);
  const shown = await json('inspect', ulids[0]!);
  expect(shown).toMatchObject({ ulid: ulids[0], labels: { cluster: 'eu' }, seriesCount: 35, faults: [] });
  expect((await tool('inspect', ulids[0]!)).out).toContain('label cluster:');
  await expect(tool('inspect', 'nonsense')).rejects.toMatchObject({ code: 'InvalidOption' });
});

test('cost divides all bytes of the blocks among owners, metrics and resolutions', async () => {
  const cost = await json('cost');
  const bytes = (accept: (row: { owner: string; metric: string }) => boolean) =>
    cost.rows.filter(accept).reduce((sum: number, row: { bytes: number }) => sum + row.bytes, 0);
  expect(Math.abs(bytes(() => true) - cost.bytes)).toBeLessThan(10);
  const [payments, checkout] = ['payments', 'checkout'].map((team) => bytes(({ owner }) => owner === team));
  expect(checkout! / payments!).toBeGreaterThan(1.7);
  expect(checkout! / payments!).toBeLessThan(2.3);
  expect(bytes(({ owner, metric }) => owner === '' && metric === 'up')).toBe(
    bytes(({ owner }) => owner === ''),
  );
  expect((await tool('cost', '--by=job')).out).toMatch(/JOB[\s\S]*api/);
});

test('verify names what is wrong, repair marks only what lies elsewhere, cleanup waits for its time', async () => {
  expect(await json('repair')).toMatchObject({
    actions: [{ ulid: duplicate, mark: 'deletion' }],
    applied: false,
  });
  expect(existsSync(join(bucket, duplicate, 'deletion-mark.json'))).toBe(false);
  await tool('repair', '--apply');
  expect(existsSync(join(bucket, duplicate, 'deletion-mark.json'))).toBe(true);
  const broken = join(bucket, ulids[1]!, 'index');
  const damaged = readFileSync(broken);
  damaged[40]! ^= 8;
  writeFileSync(broken, damaged);
  const verified = await tool('verify');
  expect(verified.code).toBe(1);
  expect(verified.out).toContain(ulids[1]);
  expect(verified.out).toContain(partial);
  expect((await json('repair', '--apply')).actions).toMatchObject([{ ulid: ulids[1], mark: 'no-compact' }]);
  expect(await json('cleanup')).toMatchObject({ due: [], later: [{}, {}], deleted: 0 });
  const now = ['--delete-delay=0', '--partial-delay=0'];
  expect(await json('cleanup', ...now)).toMatchObject({ due: [{}, {}], deleted: 0 });
  expect(blockNames(bucket)).toHaveLength(ulids.length + 2);
  await tool('cleanup', '--apply', ...now);
  expect(blockNames(bucket)).toEqual(ulids);
});

test('a deletion mark is told before it is set, and can be taken back', async () => {
  const [ulid] = ulids as [string];
  const file = join(bucket, ulid, 'deletion-mark.json');
  expect((await tool('mark', ulid, '--kind=deletion')).out).toContain('nothing was changed');
  expect(existsSync(file)).toBe(false);
  await tool('mark', ulid, '--kind=deletion', '--details=test', '--apply');
  expect(JSON.parse(readFileSync(file, 'utf8'))).toMatchObject({ id: ulid, version: 1, details: 'test' });
  await tool('mark', ulid, '--kind=deletion', '--remove');
  expect(existsSync(file)).toBe(false);
  await tool('mark', ulid, '--kind=no-compact', '--details=manual');
  expect(JSON.parse(readFileSync(join(bucket, ulid, 'no-compact-mark.json'), 'utf8'))).toMatchObject({
    id: ulid,
    reason: 'manual',
  });
});
