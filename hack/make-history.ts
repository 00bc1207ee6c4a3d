/**
 * Writes a folder of blocks as a small shop would have left them: node hack/make-history.ts FOLDER [DAYS]. For trying out
 * months of history on day one, see examples/quickstart/README.md.
 */
import { execFileSync } from 'node:child_process';
import { createWriteStream, mkdirSync, rmSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { finished } from 'node:stream/promises';
import { seededRandom } from '../src/base/random.ts';
import { ensureProgram } from '../src/local/programs/ensure.ts';

const [folder, days = '30'] = process.argv.slice(2);
if (folder === undefined || !/^[1-9]\d{0,3}$/.test(days)) {
  process.stderr.write('usage: node hack/make-history.ts FOLDER [DAYS]\n');
  process.exit(2);
}
const stepSeconds = 120;
const endSeconds = Math.floor(Date.now() / 7_200_000) * 7200 - 7200;
const startSeconds = endSeconds - Number(days) * 86_400;
const random = seededRandom(1);
const target = resolve(folder);
mkdirSync(target, { recursive: true });
const input = join(target, 'history.om');
const out = createWriteStream(input);

/** Busy by day, quiet by night, less at weekends: between 0 and 1. */
function demand(seconds: number): number {
  const hour = (seconds / 3600) % 24;
  const weekend = Math.floor(seconds / 86_400 + 4) % 7 >= 5 ? 0.6 : 1;
  return weekend * (0.55 - 0.45 * Math.cos(((hour - 3) / 24) * 2 * Math.PI));
}

out.write('# TYPE shop_orders counter\n');
for (const shop of ['berlin', 'lyon', 'porto']) {
  for (const code of ['200', '500']) {
    let total = 0;
    for (let at = startSeconds; at < endSeconds; at += stepSeconds) {
      const share = code === '200' ? 1 : 0.01 + (Math.floor(at / 86_400) % 9 === 0 ? 0.04 : 0);
      total += Math.round(demand(at) * share * stepSeconds * (4 + random.next()));
      out.write(`shop_orders_total{job="shop",shop="${shop}",code="${code}"} ${total} ${at}\n`);
    }
  }
}
out.write('# TYPE shop_queue_length gauge\n');
for (const shop of ['berlin', 'lyon', 'porto']) {
  for (let at = startSeconds; at < endSeconds; at += stepSeconds)
    out.write(
      `shop_queue_length{job="shop",shop="${shop}"} ${Math.round(demand(at) * 40 + random.next() * 5)} ${at}\n`,
    );
}
out.end('# EOF\n');
await finished(out);
const promtool = await ensureProgram('promtool', {
  cacheDir: join(import.meta.dirname, '..', '.promfleet', 'programs'),
  progress: ({ state, message }) => {
    if (state !== 'doing') process.stderr.write(`${message}\n`);
  },
});
const args = ['tsdb', 'create-blocks-from', '--max-block-duration=2d', 'openmetrics', input, target];
process.stdout.write(execFileSync(promtool, args, { encoding: 'utf8' }));
rmSync(input);
