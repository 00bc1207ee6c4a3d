import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { dump } from 'js-yaml';
import { expect, it } from 'vitest';
import { connectionFromText } from '../../src/kube/kubeconfig.ts';

const apiVersion = 'client.authentication.k8s.io/v1';

function kubeconfig(script: string): string {
  const exec = { apiVersion, command: process.execPath, args: ['-e', script], interactiveMode: 'Never' };
  return dump({
    'current-context': 'main',
    clusters: [
      { name: 'c', cluster: { server: 'https://127.0.0.1:6443', 'insecure-skip-tls-verify': true } },
    ],
    users: [{ name: 'u', user: { exec } }],
    contexts: [{ name: 'main', context: { cluster: 'c', user: 'u' } }],
  });
}

it('the credential plugin of a kubeconfig is run, and asked again only when its token has expired', async () => {
  const dir = await mkdtemp(join(tmpdir(), 'promfleet-plugin-'));
  try {
    const counter = join(dir, 'counter');
    await writeFile(counter, '');
    const status = { token: 'from plugin', expirationTimestamp: '2099-01-01T00:00:00Z' };
    const answer = JSON.stringify({ apiVersion, kind: 'ExecCredential', status });
    const script = `fs.appendFileSync(${JSON.stringify(counter)}, 'x'); console.log(${JSON.stringify(answer)})`;
    const connection = connectionFromText(kubeconfig(script), join(dir, 'config'));
    for (let i = 0; i < 2; i++) {
      expect((await connection.credentials()).headers).toEqual({ authorization: 'Bearer from plugin' });
    }
    expect(await readFile(counter, 'utf8')).toBe('x');
  } finally {
    await rm(dir, { recursive: true, force: true });
  }
});

it('a credential plugin that fails is named by its kubeconfig', async () => {
  const connection = connectionFromText(kubeconfig('process.exit(3)'), '/somewhere/config');
  await expect(connection.credentials()).rejects.toThrow(
    'kubeconfig /somewhere/config: the credential plugin failed',
  );
});
