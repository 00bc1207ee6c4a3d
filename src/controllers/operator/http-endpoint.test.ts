import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { request } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { systemClock } from '../../base/clock.ts';
import { createMetricsRegistry } from '../../base/metrics-registry.ts';
import { issueCertificate, newPrivateKey } from '../../base/x509.ts';
import { TlsFiles } from '../../endpoint/tls-files.ts';
import { serveHttpEndpoint } from './http-endpoint.ts';

const folder = mkdtempSync(join(tmpdir(), 'promfleet-operator-endpoint-'));
afterAll(() => rmSync(folder, { recursive: true }));

test('metrics by TLS are told to those with the right, health to anybody', async () => {
  const key = newPrivateKey();
  const now = Date.now();
  const certificate = issueCertificate({
    commonName: 'operator',
    key,
    authority: true,
    serial: randomBytes(16),
    notBeforeMs: now - 1000,
    notAfterMs: now + 3_600_000,
    usages: ['server'],
    dnsNames: ['operator.example'],
  });
  for (const [name, text] of Object.entries({
    'tls.key': key,
    'tls.crt': certificate,
    'ca.crt': certificate,
  }))
    writeFileSync(join(folder, name), text);
  const stop = new AbortController();
  let running: Promise<void> | undefined;
  const address = await new Promise<string>((resolve) => {
    running = serveHttpEndpoint({
      address: '127.0.0.1:0',
      metrics: createMetricsRegistry({ processMetrics: false }),
      status: () => ({ ready: true }) as never,
      signal: stop.signal,
      clock: systemClock,
      listening: resolve,
      tls: new TlsFiles(folder),
      access: {
        token: async (token) => {
          if (token === 'away') throw new Error('the API is away');
          return token === 'bad' ? undefined : { user: 'u', allowed: token === 'good' };
        },
      },
    });
  });
  const ask = (path: string, token?: string) =>
    new Promise<number | undefined>((resolve, reject) => {
      const headers = token === undefined ? {} : { authorization: `Bearer ${token}` };
      request(
        `https://${address}${path}`,
        { ca: certificate, servername: 'operator.example', agent: false, headers },
        (answer) => {
          answer.resume().on('end', () => resolve(answer.statusCode));
        },
      )
        .on('error', reject)
        .end();
    });
  try {
    const answers = [
      await ask('/healthz'),
      await ask('/readyz'),
      await ask('/metrics'),
      await ask('/metrics', 'bad'),
      await ask('/metrics', 'poor'),
      await ask('/metrics', 'away'),
      await ask('/metrics', 'good'),
      await ask('/other'),
      await ask('/other', 'good'),
    ];
    expect(answers).toEqual([200, 200, 401, 401, 403, 503, 200, 401, 404]);
  } finally {
    stop.abort();
    await running;
  }
});
