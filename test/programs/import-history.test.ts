import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { promfleet } from '../support/cli.ts';
import { blockNames, makeBlocks, steadySeries } from '../support/made-block.ts';

const folder = mkdtempSync(join(tmpdir(), 'import-'));
const bucket = join(folder, 'bucket');
let ulids: string[];
beforeAll(async () => {
  ulids = await makeBlocks(folder, steadySeries(20, 1_699_999_200_000, 5));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

test('a folder of blocks becomes history: what is corrupt is refused by name, a second run sends nothing', async () => {
  const bad = join(folder, 'data', ulids[1]!, 'index');
  const good = readFileSync(bad);
  const damaged = Buffer.from(good);
  damaged[100]! ^= 1;
  writeFileSync(bad, damaged);
  const args = ['import-history', 'data', '--bucket-dir=bucket', '--label=cluster=old'];
  const first = await promfleet(folder, ...args);
  expect(first).toMatchObject({ code: 1, err: expect.stringContaining(`${ulids[1]}  refused`) });
  expect(blockNames(bucket)).toEqual(ulids.filter((ulid) => ulid !== ulids[1]));
  writeFileSync(bad, good);
  const second = await promfleet(folder, ...args);
  expect(second).toMatchObject({ code: 0, err: '' });
  expect(second.out.match(/present/g)).toHaveLength(ulids.length - 1);
  expect(blockNames(bucket)).toEqual(ulids);
  const question = 'count by (cluster) (requests_total)';
  const answer = await promfleet(folder, 'promql', '--bucket-dir=bucket', '--time=1700000000', question);
  expect(answer.out).toMatch(/old.*20/);
});

test('blocks without labels are refused unless labels are given', async () => {
  await expect(promfleet(folder, 'import-history', 'data', '--bucket-dir=other')).rejects.toMatchObject({
    code: 'ExternalLabelsMissing',
  });
});
