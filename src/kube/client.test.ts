import { afterEach, describe, expect, it } from 'vitest';
import { answerJson, answerStatus, type Script, scriptedServer } from '../../test/support/scripted-server.ts';
import { systemClock } from '../base/clock.ts';
import { CodedError } from '../base/errors.ts';
import { seededRandom } from '../base/random.ts';
import type { KubeClient, KubeClientOptions } from './client.ts';
import { connect } from './connect.ts';
import { conflictingManagers, type KubeError } from './errors.ts';
import { listAll } from './list.ts';
import type { AnyObject } from './object.ts';

const closers: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0)) await close();
});

async function open(script: Script, options: Partial<KubeClientOptions> = {}) {
  const server = await scriptedServer(script);
  const connection = {
    server: server.url,
    namespace: 'default',
    credentials: async () => ({ headers: { authorization: 'Bearer t' }, tls: {} }),
  };
  const client: KubeClient = connect(connection, { clock: systemClock, random: seededRandom(1), ...options });
  closers.push(
    () => client.close(),
    () => server.close(),
  );
  return { server, client };
}

const map = {
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { namespace: 'a b', name: 'x' },
  data: { k: 'v' },
} as const;
const ref = { apiVersion: 'v1', kind: 'ConfigMap', namespace: 'a b', name: 'x' } as const;
const path = '/api/v1/namespaces/a%20b/configmaps/x';

async function failure(work: Promise<unknown>): Promise<KubeError> {
  const error = await work.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(CodedError);
  return error as KubeError;
}

describe('requests', () => {
  it('go to the path of the object, with credentials, and bring raw JSON back', async () => {
    const { server, client } = await open((_request, response) =>
      answerJson(response, 200, { ...map, odd: { from: [1] } }),
    );
    expect(await client.get<AnyObject>(ref)).toEqual({ ...map, odd: { from: [1] } });
    const [request] = server.requests;
    expect(request).toMatchObject({ method: 'GET', url: { pathname: path } });
    expect(request?.headers.authorization).toBe('Bearer t');
  });

  it.each<[string, (client: KubeClient) => Promise<unknown>, object]>([
    [
      'create',
      (c) => c.create(map),
      { method: 'POST', path: '/api/v1/namespaces/a%20b/configmaps', type: 'application/json', body: map },
    ],
    ['update', (c) => c.update(map), { method: 'PUT', path, type: 'application/json', body: map }],
    [
      'update of the status',
      (c) => c.update(map, { subresource: 'status' }),
      { method: 'PUT', path: `${path}/status`, type: 'application/json', body: map },
    ],
    [
      'merge patch',
      (c) => c.mergePatch(ref, { data: null }, { fieldManager: 'f' }),
      {
        method: 'PATCH',
        path: `${path}?fieldManager=f`,
        type: 'application/merge-patch+json',
        body: { data: null },
      },
    ],
    [
      'JSON patch',
      (c) => c.jsonPatch(ref, [{ op: 'remove', path: '/data' }]),
      { method: 'PATCH', path, type: 'application/json-patch+json', body: [{ op: 'remove', path: '/data' }] },
    ],
    [
      'apply',
      (c) => c.apply(map, { fieldManager: 'f', force: true, dryRun: true }),
      {
        method: 'PATCH',
        path: `${path}?fieldManager=f&dryRun=All&force=true`,
        type: 'application/apply-patch+yaml',
        body: map,
      },
    ],
    [
      'delete',
      (c) => c.delete(ref, { uid: 'u', propagationPolicy: 'Foreground' }),
      {
        method: 'DELETE',
        path,
        type: 'application/json',
        body: {
          apiVersion: 'v1',
          kind: 'DeleteOptions',
          propagationPolicy: 'Foreground',
          preconditions: { uid: 'u' },
        },
      },
    ],
  ])('%s is sent as the API expects it', async (_name, work, expected) => {
    const { server, client } = await open((_request, response) => answerJson(response, 200, map));
    await work(client);
    const { method, url, headers, body } = server.requests[0]!;
    const sent = {
      method,
      path: url.pathname + url.search,
      type: headers['content-type'],
      body: JSON.parse(body),
    };
    expect(sent).toEqual(expected);
  });

  it('tell whether an apply created the object', async () => {
    const { client } = await open((_request, response, number) =>
      answerJson(response, number === 1 ? 201 : 200, map),
    );
    expect((await client.apply(map, { fieldManager: 'f' })).created).toBe(true);
    expect((await client.apply(map, { fieldManager: 'f' })).created).toBe(false);
  });

  it('find the path of kinds that are not built in by discovery, once', async () => {
    const { server, client } = await open((request, response) => {
      if (request.url.pathname === '/apis/promfleet.dev/v1alpha1') {
        const resources = [
          { name: 'silences', kind: 'Silence', namespaced: true },
          { name: 'silences/status', kind: 'Silence', namespaced: true },
        ];
        answerJson(response, 200, { kind: 'APIResourceList', resources });
      } else answerJson(response, 200, {});
    });
    const silence = { apiVersion: 'promfleet.dev/v1alpha1', kind: 'Silence', namespace: 'a', name: 's' };
    await Promise.all([client.get(silence), client.get(silence)]);
    await client.get(silence);
    const paths = server.requests.map((request) => request.url.pathname).sort();
    const object = '/apis/promfleet.dev/v1alpha1/namespaces/a/silences/s';
    expect(paths).toEqual(['/apis/promfleet.dev/v1alpha1', object, object, object]);
    expect(await client.serves({ ...silence, kind: 'Team' })).toBe(false);
  });
});

describe('refusals', () => {
  it.each([
    [404, 'NotFound', 'ApiNotFound'],
    [409, 'Conflict', 'ApiConflict'],
    [409, 'AlreadyExists', 'ApiAlreadyExists'],
    [410, 'Expired', 'ApiGone'],
    [422, 'Invalid', 'ApiInvalid'],
    [403, 'Forbidden', 'ApiForbidden'],
    [401, 'Unauthorized', 'ApiUnauthorized'],
    [504, 'Timeout', 'ApiTimeout'],
    [500, 'InternalError', 'ApiRequestFailed'],
    [418, '', 'ApiRequestFailed'],
  ])('HTTP %i %s is %s', async (code, reason, expected) => {
    const { client } = await open((_request, response) =>
      answerStatus(response, code, reason, { message: 'because' }),
    );
    const error = await failure(client.create(map));
    expect(error).toMatchObject({ code: expected, httpStatus: code, reason });
    expect(error.message).toBe('create ConfigMap a b/x: because');
  });

  it('name the managers of an apply conflict', async () => {
    const causes = [
      { reason: 'FieldManagerConflict', field: '.data.k', message: 'conflict with "kubectl" using v1' },
    ];
    const { client } = await open((_request, response) =>
      answerStatus(response, 409, 'Conflict', { details: { causes } }),
    );
    const error = await failure(client.apply(map, { fieldManager: 'f' }));
    expect(conflictingManagers(error)).toEqual([{ manager: 'kubectl', field: '.data.k' }]);
  });

  it('of a missing object are undefined for find and false for delete', async () => {
    const { client } = await open((_request, response) => answerStatus(response, 404, 'NotFound'));
    expect(await client.find(ref)).toBeUndefined();
    expect(await client.delete(ref)).toBe(false);
  });

  it('without a Status still say what failed', async () => {
    const { client } = await open((_request, response) => {
      response.writeHead(502);
      response.end('<html>bad gateway</html>');
    });
    expect(await failure(client.create(map))).toMatchObject({ code: 'ApiUnavailable', httpStatus: 502 });
  });

  it('with Retry-After are waited out, for writes too', async () => {
    const { server, client } = await open((_request, response, number) => {
      if (number < 3) answerStatus(response, 429, 'TooManyRequests', { headers: { 'retry-after': '0' } });
      else answerJson(response, 201, map);
    });
    await client.create(map);
    expect(server.requests).toHaveLength(3);
  });

  it('that ask for a longer wait are handed to the caller', async () => {
    const { server, client } = await open((_request, response) =>
      answerStatus(response, 429, 'TooManyRequests', { headers: { 'retry-after': '3600' } }),
    );
    expect(await failure(client.get(ref))).toMatchObject({
      code: 'ApiTooManyRequests',
      retryAfterMs: 3_600_000,
    });
    expect(server.requests).toHaveLength(1);
  });

  it('of an unavailable server are repeated for reads, not for writes', async () => {
    const { server, client } = await open((_request, response, number) => {
      if (number % 2 === 1)
        answerStatus(response, 503, 'ServiceUnavailable', { headers: { 'retry-after': '0' } });
      else answerJson(response, 200, map);
    });
    await client.get(ref);
    expect(server.requests).toHaveLength(2);
    expect(await failure(client.update(map))).toMatchObject({ code: 'ApiUnavailable' });
    expect(server.requests).toHaveLength(3);
  });
});

describe('broken and slow answers', () => {
  it('a severed connection is ApiUnavailable for a write, which is not sent twice', async () => {
    const { server, client } = await open((_request, response) => response.socket?.destroy());
    expect(await failure(client.create(map))).toMatchObject({ code: 'ApiUnavailable', httpStatus: 0 });
    expect(server.requests).toHaveLength(1);
  });

  it('a body that breaks off is ApiUnavailable', async () => {
    const { client } = await open((_request, response) => {
      response.writeHead(200, { 'content-length': '100' });
      response.write('{"kind":');
      setImmediate(() => response.socket?.destroy());
    });
    expect(await failure(client.create(map))).toMatchObject({ code: 'ApiUnavailable' });
  });

  it('no answer in time is ApiTimeout', async () => {
    const { client } = await open(() => {});
    expect(await failure(client.create(map, { timeoutMs: 20 }))).toMatchObject({ code: 'ApiTimeout' });
  });

  it('an answer beyond its limit is refused', async () => {
    const { client } = await open((_request, response) =>
      answerJson(response, 200, { data: 'x'.repeat(2_000) }),
    );
    const raw = { method: 'GET', path: '/x', what: 'get x', maxBytes: 1_000 } as const;
    expect(await failure(client.request(raw))).toMatchObject({ code: 'LimitExceeded' });
  });

  it('an answer that is not JSON is a failed request', async () => {
    const { client } = await open((_request, response) => response.end('OK'));
    expect(await failure(client.get(ref))).toMatchObject({ code: 'ApiRequestFailed' });
  });

  it('an aborted call raises the reason of its signal', async () => {
    const stop = new AbortController();
    const { client } = await open(() => stop.abort(new Error('stop')));
    await expect(client.with({ signal: stop.signal }).get(ref)).rejects.toThrow('stop');
  });
});

describe('the write gate', () => {
  it('refuses writes while it is closed and lets reads pass', async () => {
    const { server, client } = await open((_request, response) => answerJson(response, 200, map));
    const gated = client.with({
      gate: {
        admitMs() {
          throw new CodedError('NotLeading', 'closed');
        },
      },
    });
    expect(await failure(gated.apply(map, { fieldManager: 'f' }))).toMatchObject({ code: 'NotLeading' });
    await gated.get(ref);
    expect(server.requests.map((request) => request.method)).toEqual(['GET']);
  });

  it('aborts a write that lasts longer than it admits', async () => {
    const { client } = await open(() => {});
    const gated = client.with({ gate: { admitMs: () => 20 } });
    expect(await failure(gated.create(map))).toMatchObject({ code: 'ApiTimeout' });
  });
});

describe('credentials', () => {
  it('are read again after a 401', async () => {
    const server = await scriptedServer((request, response) => {
      if (request.headers.authorization === 'Bearer 2') answerJson(response, 200, map);
      else answerStatus(response, 401, 'Unauthorized');
    });
    let reads = 0;
    const connection = {
      server: server.url,
      namespace: 'default',
      credentials: async () => ({ headers: { authorization: `Bearer ${++reads}` }, tls: {} }),
    };
    const client = connect(connection, { clock: systemClock, random: seededRandom(1) });
    closers.push(
      () => client.close(),
      () => server.close(),
    );
    expect(await client.get(ref)).toEqual(map);
  });
});

describe('lists', () => {
  const item = (name: string) => ({ metadata: { name, namespace: 'a' } });

  it('are read page by page, and items get their kind', async () => {
    const { server, client } = await open((request, response) => {
      const more = request.url.searchParams.get('continue') === null;
      const metadata = { resourceVersion: '7', continue: more ? 'next' : '' };
      answerJson(response, 200, { metadata, items: [item(more ? 'x' : 'y')] });
    });
    const { items, resourceVersion } = await listAll(client, {
      apiVersion: 'v1',
      kind: 'Pod',
      labelSelector: 'a in (b)',
    });
    expect(items).toEqual(['x', 'y'].map((name) => ({ ...item(name), apiVersion: 'v1', kind: 'Pod' })));
    expect(resourceVersion).toBe('7');
    expect(server.requests[0]?.url.searchParams.get('labelSelector')).toBe('a in (b)');
    expect(server.requests[0]?.url.searchParams.get('limit')).toBe('100');
  });

  it('ask for as many objects a page as fit, more of small ones and fewer of large ones', async () => {
    const limitsAsked: string[] = [];
    const { client } = await open((request, response, number) => {
      limitsAsked.push(request.url.searchParams.get('limit') ?? '');
      const text = 'x'.repeat(number < 3 ? 10 : 600_000);
      const metadata = { resourceVersion: '7', continue: number < 4 ? 'next' : '' };
      answerJson(response, 200, { metadata, items: [{ ...item('x'), text }] });
    });
    await listAll(client, { apiVersion: 'v1', kind: 'Pod' });
    expect(limitsAsked).toEqual(['100', '250', '250', '3']);
  });

  it('start again when their pages have expired', async () => {
    const { client } = await open((request, response, number) => {
      const token = request.url.searchParams.get('continue');
      if (number === 2) answerStatus(response, 410, 'Expired');
      else {
        const metadata = { resourceVersion: String(number), continue: token === null ? 'next' : '' };
        answerJson(response, 200, { metadata, items: [item(`n${number}`)] });
      }
    });
    const { items } = await listAll(client, { apiVersion: 'v1', kind: 'Pod', namespace: 'a' });
    expect(items.map((each) => each.metadata.name)).toEqual(['n3', 'n4']);
  });

  it('give up when their pages expire again and again', async () => {
    const { client } = await open((request, response) => {
      if (request.url.searchParams.get('continue') !== null) answerStatus(response, 410, 'Expired');
      else answerJson(response, 200, { metadata: { continue: 'next' }, items: [] });
    });
    expect(await failure(listAll(client, { apiVersion: 'v1', kind: 'Pod' }))).toMatchObject({
      code: 'ApiGone',
    });
  });
});
