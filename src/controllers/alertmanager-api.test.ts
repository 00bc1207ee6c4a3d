import { createServer, type RequestListener, type Server } from 'node:http';
import { afterEach, describe, expect, test } from 'vitest';
import { AlertmanagerClient } from './alertmanager-api.ts';

let server: Server | undefined;
const client = new AlertmanagerClient();

async function serve(listener: RequestListener): Promise<string> {
  server = createServer(listener);
  await new Promise<void>((resolve) => server!.listen(0, '127.0.0.1', resolve));
  return `http://127.0.0.1:${(server.address() as { port: number }).port}`;
}

const answering = (status: number, body: string) =>
  serve((request, response) => {
    request.resume();
    response.writeHead(status).end(body);
  });

afterEach(() => {
  server?.closeAllConnections();
  server?.close();
});

const wire = {
  id: 'i',
  status: { state: 'active' },
  matchers: [
    { name: 'a', value: '1', isRegex: false },
    { name: 'b', value: '2', isRegex: true, isEqual: false },
  ],
  startsAt: '2026-11-20T12:00:00.5Z',
  endsAt: '2026-11-20T13:00:00.000Z',
  updatedAt: '2026-11-20T12:00:01Z',
  createdBy: 'ann',
  comment: 'c',
};

describe('the Alertmanager client', () => {
  test('reads silences, also from servers that leave isEqual out', async () => {
    expect(await client.list(await answering(200, JSON.stringify([wire])))).toEqual([
      {
        id: 'i',
        state: 'active',
        matchers: [
          { name: 'a', operator: '=', value: '1' },
          { name: 'b', operator: '!~', value: '2' },
        ],
        startsAtMs: Date.UTC(2026, 10, 20, 12, 0, 0, 500),
        endsAtMs: Date.UTC(2026, 10, 20, 13),
        updatedAtMs: Date.UTC(2026, 10, 20, 12, 0, 1),
        createdBy: 'ann',
        comment: 'c',
      },
    ]);
  });

  test('posts a silence and returns its id', async () => {
    let body = '';
    const url = await serve((request, response) => {
      request.on('data', (part) => {
        body += part;
      });
      request.on('end', () => response.end('{"silenceID":"new"}'));
    });
    const matchers = [{ name: 'a', operator: '!=' as const, value: 'x' }];
    const id = await client.post(url, {
      id: 'old',
      matchers,
      startsAtMs: 0,
      endsAtMs: 1000,
      createdBy: 'x',
      comment: 'y',
    });
    expect(id).toBe('new');
    expect(JSON.parse(body)).toEqual({
      id: 'old',
      matchers: [{ name: 'a', value: 'x', isRegex: false, isEqual: false }],
      startsAt: '1970-01-01T00:00:00.000Z',
      endsAt: '1970-01-01T00:00:01.000Z',
      createdBy: 'x',
      comment: 'y',
    });
  });

  test('takes an expiry of what is gone for done', async () => {
    await client.expire(await answering(404, ''), 'i');
  });

  test.each([
    [500, 'internal', 'AlertmanagerRefused'],
    [404, 'not found', 'AlertmanagerRefused'],
    [200, 'not json', 'AlertmanagerRefused'],
    [200, '{}', 'AlertmanagerRefused'],
    [200, '[null]', 'AlertmanagerRefused'],
    [200, '[{"id":"x"}]', 'AlertmanagerRefused'],
  ])('reports %i %s', async (status, body, code) => {
    await expect(client.list(await answering(status, body))).rejects.toMatchObject({ code });
  });

  test('reports a server that hangs up, and one that is not there', async () => {
    const url = await serve((request) => request.socket.destroy());
    await expect(client.list(url)).rejects.toMatchObject({ code: 'AlertmanagerUnreachable' });
    server!.close();
    await expect(client.list(url)).rejects.toMatchObject({ code: 'AlertmanagerUnreachable' });
  });

  test('stops when it is told to', async () => {
    const url = await serve(() => {});
    await expect(client.list(url, AbortSignal.abort())).rejects.toMatchObject({
      code: 'AlertmanagerUnreachable',
    });
  });
});
