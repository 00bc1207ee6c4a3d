import { describe, expect, it } from 'vitest';
import { VirtualClock } from '../../../../test/support/virtual-clock.ts';
import { limits } from '../../../base/limits.ts';
import { silentLogger } from '../../../base/log.ts';
import { FederatedSource } from '../federation.ts';
import { parseFileSd } from './file-sd.ts';
import { type DiscoveredHolder, LiveSources } from './live-sources.ts';
import { parseSourceAddress, type Resolver, resolveAddress } from './source-address.ts';

const resolver: Resolver = {
  addresses: async (name) => (name === 'web' ? ['10.0.0.2', '10.0.0.1', 'fd00::1', '10.0.0.1'] : []),
  services: async (name) =>
    name === '_web._tcp.prom.ns.svc'
      ? [
          { name: 'a.prom.', port: 9090 },
          { name: 'b.prom', port: 9091 },
        ]
      : [],
};

describe('the address of live servers', () => {
  it.each([
    ['http://one:9090/prefix', ['http://one:9090/prefix']],
    ['dns+http://web:9090', ['http://10.0.0.1:9090/', 'http://10.0.0.2:9090/', 'http://[fd00::1]:9090/']],
    [
      'dnssrv+https://user:key@_web._tcp.prom.ns.svc/p',
      ['https://user:key@a.prom:9090/p', 'https://user:key@b.prom:9091/p'],
    ],
    ['dns+http://nothing:1', []],
  ])('%s', async (text, urls) => {
    expect(await resolveAddress(parseSourceAddress(text), resolver)).toEqual(urls);
  });

  it.each(['ftp://a', 'dns+a:90', 'dnsx+http://a', ''])('%j is refused', (text) => {
    expect(() => parseSourceAddress(text)).toThrow('--prometheus-url is not');
  });

  it('is shown without credentials', () => {
    expect(parseSourceAddress('dns+http://user:key@web:1')).toMatchObject({ shown: 'dns+http://web:1/' });
  });
});

describe("a file of Prometheus's file_sd", () => {
  it('in YAML and JSON gives the URLs of its targets', () => {
    const yaml =
      '- targets: ["b:9090", "https://c/x"]\n- targets: [a:1]\n  labels: {__scheme__: https, __path_prefix__: /p, team: x}\n';
    const expected = ['http://b:9090/', 'https://a:1/p', 'https://c/x'];
    expect(parseFileSd(yaml, 'f')).toEqual(expected);
    const json = [
      { targets: ['b:9090', 'https://c/x'] },
      { targets: ['a:1'], labels: { __scheme__: 'https', __path_prefix__: '/p' } },
    ];
    expect(parseFileSd(JSON.stringify(json), 'f')).toEqual(expected);
    expect(parseFileSd('', 'f')).toEqual([]);
  });

  it.each(['[', 'a: b', '[{}]', '[{targets: [":"]}]', '[{targets: [3]}]', '[null]'])(
    '%s is refused',
    (text) => {
      expect(() => parseFileSd(text, 'the file')).toThrow(/^the file: /);
    },
  );
});

describe('live sources that are discovered', () => {
  function world() {
    const clock = new VirtualClock();
    const dns = { urls: ['http://a/', 'http://b/'] as readonly string[], fails: false };
    const identities: Record<string, string | undefined> = {};
    const closed: string[] = [];
    const open = (url: string): DiscoveredHolder => ({
      name: url,
      get identity() {
        return identities[url];
      },
      select: async () => [],
      labelNames: async () => new Set([url]),
      labelValues: async () => new Set<string>(),
      series: async () => [],
      fromServer: async () => ({ data: url, external: undefined as never }),
      close: async () => void closed.push(url),
    });
    const sources = new LiveSources({
      discoveries: [
        {
          name: 'dns+http://x/',
          isFixed: false,
          find: async () => {
            if (dns.fails) throw new Error('SERVFAIL');
            return dns.urls;
          },
        },
        { name: 'http://fixed/', isFixed: true, find: async () => ['http://fixed/'] },
      ],
      open,
      clock,
      log: silentLogger,
    });
    const ask = async () => {
      const partial: string[] = [];
      const federation = {
        replicaLabels: [],
        get holders() {
          return sources.holders;
        },
      };
      const scope = {
        signal: new AbortController().signal,
        timeoutMs: 1000,
        partial: (text: string) => partial.push(text),
      };
      const names = await new FederatedSource(federation, scope).labelNames([], { startMs: 0, endMs: 1 });
      return { names, partial };
    };
    return { clock, dns, identities, closed, sources, ask };
  }

  it('come and are asked; one that goes is expected for a while, by name, and then forgotten', async () => {
    const { clock, dns, closed, sources, ask } = world();
    await sources.start();
    expect(await ask()).toEqual({ names: ['http://a/', 'http://b/', 'http://fixed/'], partial: [] });
    dns.urls = ['http://b/', 'http://c/'];
    await clock.advance(limits.discoveryPeriodMs);
    const { names, partial } = await ask();
    expect(names).toEqual(['http://b/', 'http://c/', 'http://fixed/']);
    expect(partial).toEqual([
      expect.stringMatching(
        /^source http:\/\/a\/: is gone from dns\+http:\/\/x\/ for \d+ s, and still expected/,
      ),
    ]);
    await clock.advance(limits.sourceExpectedMs);
    expect((await ask()).partial).toEqual([]);
    expect(closed).toEqual(['http://a/']);
    await sources.close();
    expect(clock.sleepers).toBe(0);
  });

  it('that come back at another address are not missed at the old one', async () => {
    const { clock, dns, identities, sources, ask } = world();
    await sources.start();
    identities['http://a/'] = 'replica=0';
    dns.urls = ['http://b/', 'http://a2/'];
    await clock.advance(limits.discoveryPeriodMs);
    expect((await ask()).partial).toHaveLength(1);
    identities['http://a2/'] = 'replica=0';
    expect((await ask()).partial).toEqual([]);
    await sources.close();
  });

  it('are kept while the discovery itself fails, which is said', async () => {
    const { clock, dns, sources, ask } = world();
    await sources.start();
    dns.fails = true;
    await clock.advance(limits.discoveryPeriodMs * 3);
    const { names, partial } = await ask();
    expect(names).toEqual(['http://a/', 'http://b/', 'http://fixed/']);
    expect(partial).toEqual([
      expect.stringMatching(
        /^source dns\+http:\/\/x\/: cannot be asked for sources \(SERVFAIL\); 2 found before/,
      ),
    ]);
    dns.fails = false;
    await clock.advance(limits.discoveryPeriodMs);
    expect((await ask()).partial).toEqual([]);
    await sources.close();
  });
});
