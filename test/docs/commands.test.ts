import { execFile } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { LocalControlPlane, root, type Up } from '../e2e/local.ts';
import { type Fence, fencesOf, pages } from '../support/fences.ts';
import { realProgram } from '../support/programs.ts';

const run = promisify(execFile);
const runnable = (fence: Fence) => fence.language === 'sh' && ['local', 'checkout'].includes(fence.word);
const pagesToRun = pages.filter((page) => fencesOf(page).some(runnable));

/** A folder that shows the checkout and, as `.promfleet`, the state of the running control plane. */
function checkoutView(stateDir: string): string {
  const folder = mkdtempSync(join(tmpdir(), 'promfleet-docs-'));
  for (const name of readdirSync(root))
    if (!name.startsWith('.')) symlinkSync(join(root, name), join(folder, name));
  symlinkSync(stateDir, join(folder, '.promfleet'));
  return folder;
}

describe('the commands of the documentation, beside a running quickstart', () => {
  const plane = new LocalControlPlane('docs');
  let up: Up;
  let kubectl: string;

  beforeAll(async () => {
    await plane.prepare();
    kubectl = await realProgram('kubectl');
    up = plane.up('examples/quickstart');
    await plane.untilReady(up);
  });

  afterAll(async () => {
    up?.interrupt();
    await up?.ended;
    await plane.remove();
  });

  it.each(pagesToRun)('%s works as written', async (page) => {
    const folder = checkoutView(plane.stateDir);
    const env = { ...process.env, PATH: `${dirname(kubectl)}${delimiter}${process.env.PATH}` };
    Object.assign(env, { KUBECONFIG: plane.kubeconfig, HISTORY: join(folder, 'history') });
    try {
      for (const fence of fencesOf(page)) {
        if (fence.language === 'yaml' && fence.word !== '')
          writeFileSync(join(folder, fence.word), fence.text);
        if (!runnable(fence)) continue;
        const done = await run('bash', ['-euo', 'pipefail', '-c', fence.text], {
          cwd: folder,
          env,
          timeout: 110_000,
          maxBuffer: 16 * 1024 * 1024,
        }).catch((error: { message: string; stdout?: string }) => {
          throw new Error(`${page}:${fence.line}: ${error.message}\n${error.stdout ?? ''}`);
        });
        expect(done.stderr).not.toMatch(/^Warning: /m);
      }
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  });
});
