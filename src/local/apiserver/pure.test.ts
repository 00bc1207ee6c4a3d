import { describe, expect, test } from 'vitest';
import { issueToken, readToken } from './auth/tokens.ts';
import { decodeProtobuf } from './http/protobuf.ts';
import { parseResourcePath } from './http/route.ts';
import { labelSelectorText, matchesLabelSelector, parseLabelSelector } from './rest/label-selector.ts';
import { canonicalQuantity } from './schema/quantity.ts';
import { ageText, durationText } from './table/age.ts';
import { compileJsonPath, JsonPathFault } from './table/json-path.ts';

describe('quantities', () => {
  test.each([
    ['0.5', '500m'],
    ['1000m', '1'],
    ['1024Mi', '1Gi'],
    ['1.5Gi', '1536Mi'],
    ['100k', '100k'],
    ['1000k', '1M'],
    ['0', '0'],
    ['12e6', '12e6'],
    ['nonsense', 'nonsense'],
  ])('%s is answered as %s', (text, expected) => {
    expect(canonicalQuantity(text)).toBe(expected);
  });
});

describe('ages', () => {
  test.each([
    [5, '5s'],
    [119, '119s'],
    [185, '3m5s'],
    [3600, '60m'],
    [4 * 3600 + 60, '4h1m'],
    [30 * 3600, '30h'],
    [3 * 86400, '3d'],
    [400 * 86400, '400d'],
  ])('of %d seconds are %s', (seconds, expected) => {
    expect(durationText(seconds)).toBe(expected);
  });

  test('of nothing are unknown', () => {
    expect(ageText(undefined, 0)).toBe('<unknown>');
  });
});

describe('paths', () => {
  test.each([
    ['/api/v1/namespaces', { plural: 'namespaces', namespace: '', name: '' }],
    ['/api/v1/namespaces/a', { plural: 'namespaces', namespace: '', name: 'a' }],
    ['/api/v1/namespaces/a/status', { plural: 'namespaces', name: 'a', subresource: 'status' }],
    ['/api/v1/namespaces/a/pods', { plural: 'pods', namespace: 'a', name: '' }],
    [
      '/apis/g.io/v1/namespaces/a/things/b/scale',
      { group: 'g.io', plural: 'things', namespace: 'a', name: 'b', subresource: 'scale' },
    ],
    ['/api/v1/namespaces/a/pods/p/proxy/x/y', { subresource: 'proxy', rest: 'x/y' }],
  ])('%s is taken apart', (path, expected) => {
    expect(parseResourcePath(path)).toMatchObject(expected);
  });

  test.each(['/', '/api', '/api/v1', '/apis/g/v1', '/metrics'])('%s names no resource', (path) => {
    expect(parseResourcePath(path)).toBeUndefined();
  });
});

describe('label selectors', () => {
  test('select alike in text and as objects', () => {
    const selector = {
      matchLabels: { app: 'x' },
      matchExpressions: [
        { key: 'tier', operator: 'In', values: ['a', 'b'] },
        { key: 'gone', operator: 'DoesNotExist' },
      ],
    };
    const text = labelSelectorText(selector);
    expect(text).toBe('!gone,app=x,tier in (a,b)');
    for (const labels of [{ app: 'x', tier: 'a' }, { app: 'x' }, { app: 'x', tier: 'b', gone: '1' }, {}])
      expect(parseLabelSelector(text)?.(labels)).toBe(matchesLabelSelector(selector, labels));
  });
});

describe('JSON paths', () => {
  const object = {
    status: {
      conditions: [
        { type: 'A', status: 'x' },
        { type: 'Ready', status: 'True' },
      ],
    },
    'a.b': 1,
  };
  test.each([
    ['.status.conditions[0].type', ['A']],
    ['.status.conditions[?(@.type=="Ready")].status', ['True']],
    ['.status.conditions[*].type', ['A', 'Ready']],
    [".['a.b']", [1]],
    ['.a\\.b', [1]],
    ['.none.at.all', []],
  ])('%s finds %j', (path, expected) => {
    expect(compileJsonPath(path.replace(".['", "['"))(object)).toEqual(expected);
  });

  test('of other forms are refused', () => {
    expect(() => compileJsonPath('.a[?(@.b=~/x/)]')).toThrow(JsonPathFault);
  });
});

describe('tokens', () => {
  const claims = {
    namespace: 'n',
    account: 'a',
    accountUid: 'u',
    audiences: ['x'],
    issuedAt: 100,
    expiresAt: 200,
  };
  const token = issueToken(claims, 'key', 'id');

  test('are read while they are valid', () => {
    expect(readToken(token, 'key', 150_000)).toEqual(claims);
  });

  test.each([
    ['with another key', token, 'other', 150_000],
    ['after their time', token, 'key', 200_000],
    ['when changed', token.replace(/.$/, (last) => (last === 'A' ? 'B' : 'A')), 'key', 150_000],
    ['when cut', token.split('.')[0]!, 'key', 150_000],
    ['when empty', '', 'key', 150_000],
  ])('are nothing %s', (_title, text, key, nowMs) => {
    expect(readToken(text, key, nowMs)).toBeUndefined();
  });
});

describe('bodies in protobuf', () => {
  const field = (number: number, data: Buffer | string) => {
    const bytes = Buffer.from(data as string);
    return Buffer.concat([Buffer.from([(number << 3) | 2, bytes.length]), bytes]);
  };
  const envelope = (kind: string, raw: Buffer) =>
    Buffer.concat([
      Buffer.from('k8s\0'),
      field(1, Buffer.concat([field(1, 'v1'), field(2, kind)])),
      field(2, raw),
    ]);

  test('become JSON', () => {
    const metadata = field(1, Buffer.concat([field(1, 'a'), field(3, 'ns')]));
    const entry = field(2, Buffer.concat([field(1, 'key'), field(2, 'value')]));
    expect(decodeProtobuf(envelope('ConfigMap', Buffer.concat([metadata, entry])))).toEqual({
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: { name: 'a', namespace: 'ns' },
      data: { key: 'value' },
    });
  });

  test.each([
    ['no envelope', Buffer.from('{}')],
    ['a kind that is not known', envelope('Nothing', Buffer.alloc(0))],
    ['a message that is cut', envelope('ConfigMap', Buffer.from([0x0a, 0x7f, 0x01]))],
  ])('are refused: %s', (_title, body) => {
    expect(() => decodeProtobuf(body)).toThrow(/protobuf/);
  });
});
