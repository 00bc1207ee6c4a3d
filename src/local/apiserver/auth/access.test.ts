import { randomBytes } from 'node:crypto';
import { get as httpGet } from 'node:http';
import { get as httpsGet } from 'node:https';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type ApiServer, startApiServer } from '../server.ts';
import { createServerCertificate } from './certificate.ts';

const access = {
  ...createServerCertificate({
    serial: randomBytes(16),
    notBeforeMs: Date.parse('2020-01-01T00:00:00Z'),
    notAfterMs: Date.parse('2100-01-01T00:00:00Z'),
  }),
  token: 'the-token',
};
let server: ApiServer;
beforeAll(async () => {
  server = await startApiServer({ access });
});
afterAll(() => server?.close());

function status(path: string, token?: string): Promise<number | string> {
  const headers = token === undefined ? {} : { authorization: token };
  return new Promise((resolve) => {
    httpsGet(`${server.url}${path}`, { headers, ca: access.certificate, agent: false }, (response) => {
      response.resume();
      resolve(response.statusCode ?? 0);
    }).on('error', ({ message }) => resolve(message));
  });
}

test.each([
  ['no token', undefined, 401],
  ['another token', 'Bearer other', 401],
  ['the token by another scheme', 'Basic the-token', 401],
  ['the token', 'Bearer the-token', 200],
])('with %s the answer is %s', async (_name, token, expected) => {
  expect(await status('/api/v1/namespaces', token)).toBe(expected);
  expect(await status('/apis', token)).toBe(expected);
});

test('health is told to everybody, plain HTTP to nobody', async () => {
  expect(await status('/readyz')).toBe(200);
  const plain = await new Promise<string>((resolve) => {
    httpGet(server.url.replace('https', 'http'), (response) => resolve(String(response.statusCode))).on(
      'error',
      () => resolve('refused'),
    );
  });
  expect(plain).toBe('refused');
});

test('its kubeconfig holds the token and the certificate', () => {
  const text = JSON.stringify(server.kubeconfig());
  expect(text).toContain('the-token');
  expect(text).toContain(Buffer.from(access.certificate).toString('base64'));
});
