import { expect, test } from 'vitest';
import { durationMs } from './duration.ts';
import { imageReference } from './image.ts';
import { quantityValue, sameQuantity } from './quantity.ts';

test.each([
  ['50Gi', 53687091200n],
  ['1.5Ki', 1536n],
  ['50k', 50000n],
  ['2M', 2000000n],
  ['1500m', 2n],
  ['1e3', 1000n],
  [60, 60n],
  ['0', 0n],
  ['8Ei', 9223372036854775808n],
  ['ten', undefined],
  ['-1', undefined],
  ['1GiB', undefined],
])('quantity %s is %s', (text, value) => {
  expect(quantityValue(text)).toBe(value);
});

test.each([
  ['30s', 30_000],
  ['1d12h', 129_600_000],
  ['1h30m5s2ms', 5_405_002],
  ['0', 0],
  ['', undefined],
  ['5', undefined],
  ['1m1h', undefined],
  ['1.5h', undefined],
])('duration %j is %s ms', (text, value) => {
  expect(durationMs(text)).toBe(value);
});

test.each([
  ['prometheus/prometheus:v3', {}, 'prometheus/prometheus:v3'],
  ['prometheus/prometheus:v3', { defaultRegistry: 'quay.io' }, 'quay.io/prometheus/prometheus:v3'],
  [
    'prometheus/prometheus:v3',
    { registry: 'mirror.example/x/', defaultRegistry: 'quay.io' },
    'mirror.example/x/prometheus/prometheus:v3',
  ],
  ['ghcr.example/a/b@sha256:00', { registry: 'mirror.example' }, 'ghcr.example/a/b@sha256:00'],
  ['localhost/a', { registry: 'mirror.example' }, 'localhost/a'],
  ['host:5000/a', { registry: 'mirror.example' }, 'host:5000/a'],
  ['promfleet:0.1.0', { registry: 'mirror.example' }, 'mirror.example/promfleet:0.1.0'],
])('image %s with %j is %s', (image, options, reference) => {
  expect(imageReference(image, options)).toBe(reference);
});

test.each<[string | number, string | number, boolean]>([
  ['1024Mi', '1Gi', true],
  ['0.5', '500m', true],
  [2, '2', true],
  ['2.5Gi', '2560Mi', true],
  ['1G', '1Gi', false],
  ['1', '1m', false],
  ['much', 'much', false],
])('quantities %s and %s are the same amount: %s', (a, b, expected) => {
  expect(sameQuantity(a, b)).toBe(expected);
});
