import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { expandVariables, type PodWorld, translate } from './translate.ts';

const world: PodWorld = {
  address: '127.70.1.2',
  ports: new Map(),
  mounts: [
    { mountPath: '/data', hostPath: '/state/v1' },
    { mountPath: '/etc/promfleet/config', hostPath: '/state/v2' },
    { mountPath: '/etc/promfleet', hostPath: '/state/v3' },
  ],
  resolve: (host, port) => (host === 'web.shop.svc' ? { host: '127.130.0.1', port } : null),
};

describe('translate', () => {
  it.each([
    ['--storage.tsdb.path=/data', '--storage.tsdb.path=/state/v1'],
    ['--config.file=/etc/promfleet/config/prometheus.yaml', '--config.file=/state/v2/prometheus.yaml'],
    ['/etc/promfleet/other', '/state/v3/other'],
    ['/database', '/database'],
    ['http://host/data', 'http://host/data'],
    ['a=/data,b=/data/x', 'a=/state/v1,b=/state/v1/x'],
    ['--web.listen-address=0.0.0.0:9090', '--web.listen-address=127.70.1.2:9090'],
    ['--web.listen-address=:9090', '--web.listen-address=127.70.1.2:9090'],
    [':9090', '127.70.1.2:9090'],
    ['--web.listen-address=[::]:9090', '--web.listen-address=127.70.1.2:9090'],
    ['http://localhost:9090/-/reload', 'http://127.70.1.2:9090/-/reload'],
    ['http://127.0.0.1:9090', 'http://127.70.1.2:9090'],
    ['localhost.example.com', 'localhost.example.com'],
    ['mylocalhost', 'mylocalhost'],
    ['127.0.0.10', '127.0.0.10'],
    ['http://web.shop.svc:8080/x', 'http://127.130.0.1:8080/x'],
    ['http://web.shop.svc/x', 'http://127.130.0.1/x'],
    ['http://other.shop.svc:80', 'http://other.shop.svc:80'],
    ['web.shop.svcs', 'web.shop.svcs'],
    ['--log.level=info', '--log.level=info'],
    ['--rule={job="localhost-x"}', '--rule={job="localhost-x"}'],
  ])('%s becomes %s', (text, expected) => {
    expect(translate(text, world)).toBe(expected);
  });

  it('uses the real numbers of declared ports where pods share one address', () => {
    const shared = { ...world, address: '127.0.0.1', ports: new Map([[9090, 40001]]) };
    expect(translate('http://localhost:9090/x', shared)).toBe('http://127.0.0.1:40001/x');
    expect(translate('--listen=:9090', shared)).toBe('--listen=127.0.0.1:40001');
    expect(translate('localhost:1', shared)).toBe('127.0.0.1:1');
  });

  it('leaves text alone that names nothing of the pod', () => {
    fc.assert(
      fc.property(fc.stringMatching(/^[b-kB-K=,;{}"' -]*$/), (text) => {
        expect(translate(text, world)).toBe(text);
      }),
    );
  });
});

describe('expandVariables', () => {
  const variables = new Map([
    ['POD', 'p-0'],
    ['EMPTY', ''],
  ]);
  it.each([
    ['$(POD).x', 'p-0.x'],
    ['$(UNKNOWN)', '$(UNKNOWN)'],
    ['$$(POD)', '$(POD)'],
    ['$POD', '$POD'],
    ['a$(EMPTY)b', 'ab'],
    ['$(POD', '$(POD'],
  ])('%s becomes %s', (text, expected) => {
    expect(expandVariables(text, variables)).toBe(expected);
  });
});
