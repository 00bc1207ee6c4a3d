import { gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { CodedError } from '../../base/errors.ts';
import { limits } from '../../base/limits.ts';
import { decodeIndex, encodeIndex } from './bundle-index.ts';
import { isBundlePath } from './bundle-path.ts';
import { decodeReport, encodeReport, type Report } from './report.ts';
import { decodeSlot, encodeSlot } from './slot.ts';

const report: Report = {
  indexHash: 'ab',
  slots: { 'main-rules-00': 'cd' },
  quarantined: [{ path: 'rules/a/b.yaml', error: 'bad' }],
  error: 'refused',
  refusedIndexHash: 'ef',
  serverVersion: '3.5.3',
  agentVersion: '0.1.0',
  ruleHealth: [{ path: 'rules/a/b.yaml', group: 'g', error: 'many-to-many' }],
};

function codeOf(run: () => unknown): string {
  try {
    run();
  } catch (error) {
    return error instanceof CodedError ? error.code : String(error);
  }
  return 'no error';
}

test('a slot survives the round trip with any text and its bytes do not depend on order', () => {
  const segment = fc.stringMatching(/^[a-z][a-z0-9.-]{0,9}$/);
  const files = fc.uniqueArray(
    fc.record({
      path: fc.tuple(segment, segment).map((parts) => parts.join('/')),
      content: fc.string({ unit: 'binary' }),
    }),
    { selector: ({ path }) => path, maxLength: 8 },
  );
  fc.assert(
    fc.property(files, (list) => {
      const encoded = encodeSlot(list);
      expect(encodeSlot(list.toReversed())).toEqual(encoded);
      const decoded = decodeSlot(encoded.bytes);
      expect(decoded.hash).toBe(encoded.hash);
      expect(new Map(decoded.files.map((file) => [file.path, file.content]))).toEqual(
        new Map(list.map((file) => [file.path, file.content])),
      );
    }),
  );
});

test.each([
  ['bytes that are no gzip', Buffer.from('hello'), 'CorruptData'],
  ['gzip of no JSON', gzipSync('{'), 'CorruptData'],
  ['a list instead of an object', gzipSync('[]'), 'CorruptData'],
  ['a newer version', gzipSync('{"formatVersion":2,"files":[]}'), 'UnsupportedFormat'],
  ['a file without content', gzipSync('{"formatVersion":1,"files":[{"path":"a"}]}'), 'CorruptData'],
  [
    'a path out of its folder',
    gzipSync('{"formatVersion":1,"files":[{"path":"../a","content":""}]}'),
    'InvalidBundlePath',
  ],
  [
    'a doubled path',
    gzipSync('{"formatVersion":1,"files":[{"path":"a","content":""},{"path":"a","content":""}]}'),
    'CorruptData',
  ],
])('a slot of %s is refused', (_name, bytes, code) => {
  expect(codeOf(() => decodeSlot(bytes))).toBe(code);
});

test('the slot bytes are stable', () => {
  expect(encodeSlot([{ path: 'a', content: 'b' }])).toMatchObject({
    hash: '4ce2bf40626040ad2214fdfb70561106d4432bee7911b538a50f4eca55df8a08',
  });
});

test('an index survives the round trip in any order', () => {
  const slots = [
    { kind: 'Secret', name: 'main-prometheus-0-config', hash: 'b'.repeat(64) },
    { kind: 'ConfigMap', name: 'main-rules-00', hash: 'a'.repeat(64) },
  ] as const;
  const text = encodeIndex({ slots });
  expect(text).toBe(encodeIndex({ slots: slots.toReversed() }));
  expect(decodeIndex(text).slots.map(({ name }) => name)).toEqual([
    'main-rules-00',
    'main-prometheus-0-config',
  ]);
});

test.each([
  ['{}', 'UnsupportedFormat'],
  ['{"formatVersion":1}', 'CorruptData'],
  ['{"formatVersion":1,"slots":[{"kind":"Pod","name":"a","hash":"b"}]}', 'CorruptData'],
  ['{"formatVersion":1,"slots":[{"kind":"Secret","name":"../a","hash":"b"}]}', 'CorruptData'],
  ['{"formatVersion":1,"slots":[{"kind":"Secret","name":"a","hash":"b"}]}', 'CorruptData'],
])('index %s is refused', (text, code) => {
  expect(codeOf(() => decodeIndex(text))).toBe(code);
});

test('a report survives the round trip and is cut at its limits', () => {
  expect(decodeReport(encodeReport(report))).toEqual(report);
  const long = encodeReport({
    ...report,
    error: 'x'.repeat(10_000),
    quarantined: Array.from({ length: 1000 }, (_, n) => ({ path: `rules/a/${n}.yaml`, error: 'e' })),
  });
  const cut = decodeReport(long);
  expect(cut.error!.length).toBe(limits.reportErrorChars);
  expect(cut.quarantined.length).toBe(limits.reportQuarantinedFiles);
});

test.each(['', '[]', '{"formatVersion":1}', '{"formatVersion":1,"indexHash":1}'])(
  'report %j is refused',
  (text) => {
    expect(codeOf(() => decodeReport(text))).toBe('CorruptData');
  },
);

test.each([
  ['rules/ns/name.yaml', true],
  ['prometheus.yaml', true],
  ['kubeconfig', true],
  ['', false],
  ['/etc/passwd', false],
  ['a/../b', false],
  ['a//b', false],
  ['a/.hidden', false],
  ['a\\b', false],
  ['a\0b', false],
  ['a/', false],
  [`rules/a/${'n'.repeat(250)}.yaml`, true],
  [`rules/a/${'n'.repeat(251)}.yaml`, false],
])('path %j is allowed: %s', (path, allowed) => {
  expect(isBundlePath(path)).toBe(allowed);
});
