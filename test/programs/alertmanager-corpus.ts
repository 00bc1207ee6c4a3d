/** Random receivers in Alertmanager's own spelling: mostly right, sometimes wrong in one place. */
import { type Random, randomBelow } from '../../src/base/random.ts';
import type { Field, Schema } from '../../src/render/alertmanager/receivers/schema.ts';
import { atLeast } from '../../src/render/alertmanager/version.ts';

const pick = <T>(random: Random, values: readonly T[]): T => values[randomBelow(random, values.length)]!;
const chance = (random: Random, percent: number) => randomBelow(random, 100) < percent;

/** Self-signed, for nothing but these tests. */
const certificate = `-----BEGIN CERTIFICATE-----
MIIBiTCCAS+gAwIBAgIUKsUeCYEBu/l6Jq+MMoxczWJk79gwCgYIKoZIzj0EAwIw
GTEXMBUGA1UEAwwOcHJvbWZsZWV0LXRlc3QwIBcNMjYxMTIxMDQxNjE4WhgPMjEy
NjEwMjgwNDE2MThaMBkxFzAVBgNVBAMMDnByb21mbGVldC10ZXN0MFkwEwYHKoZI
zj0CAQYIKoZIzj0DAQcDQgAESYBp37wag8gmdJE/YWj2FHIiqJzgoQ1JGg9Cprq2
pKNM3TZY1zr9GEUQefszYc5mLCA/00NItBIa2DvPKhi8KKNTMFEwHQYDVR0OBBYE
FK55b5zZFW84c+dUAbVrbr8L+CiCMB8GA1UdIwQYMBaAFK55b5zZFW84c+dUAbVr
br8L+CiCMA8GA1UdEwEB/wQFMAMBAf8wCgYIKoZIzj0EAwIDSAAwRQIgeI90HXs9
BSB7P9T1CyLBWqiwtdCUKsdCKoowWvTyaOsCIQCm0qCx4ihnrKHx3TQl9oiI9exx
6foWIXTA8ag6V1g0vw==
-----END CERTIFICATE-----
`;
const privateKey = `-----BEGIN PRIVATE KEY-----
MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgqOgDVRJTbfievpxu
8LD/RLW20RzGjIlfHyAcidXGlUmhRANCAARJgGnfvBqDyCZ0kT9haPYUciKonOCh
DUkaD0Kmurako0zdNljXOv0YRRB5+zNhzmYsID/TQ0i0EhrYO88qGLwo
-----END PRIVATE KEY-----
`;

const samples: Readonly<Record<string, readonly unknown[]>> = {
  text: [
    'a',
    'yes',
    '12:30',
    'null',
    '0x1f',
    'ü 🙂',
    '"quoted"',
    'a: b',
    '- x',
    '#x',
    'line\nbreak',
    '\u2028',
    '\u0085 nel',
  ],
  template: [
    'plain',
    '{{ .CommonLabels.alertname }}',
    '{{ template "slack.default.title" . }}',
    '{{ range .Alerts }}x{{ end }}',
  ],
  secret: ['s3cret', 'on', '~', '1e3', "it's"],
  secretUrl: [
    'https://hooks.example.com/a?b=c#d',
    'http://10.0.0.1:8080/x',
    'http://[2001:db8::1]:80/',
    'https://u:p%20w@h/',
  ],
  url: ['https://example.com', 'http://example.com:8080/p/', 'HTTPS://EXAMPLE.com/%41'],
  templateUrl: ['https://example.com/a', 'http://example.com/{{ .Status }}'],
  proxyUrl: ['http://proxy:3128', 'socks5://proxy:1080'],
  endpoint: ['https://sns.eu-west-1.amazonaws.com'],
  host: ['mail.example.com:587', '[2001:db8::1]:25', 'mail:25'],
  boolean: [true, false],
  redirects: [true, false],
  integer: [0, 1, -100123, 2 ** 40],
  unsigned: [0, 1, 5000],
  goDuration: ['30s', '1h30m', '1.5s', '0', '250ms', '5µs'],
  duration: ['30s', '1d12h', '0', '2w'],
  any: ['text', 'yes', 12, true, null, ['a', { b: 'on' }], { c: ['{{ .Status }}'] }],
  nested: ['text', 'no', { c: { d: 'x' } }, ['y']],
  data: ['d', 'yes', certificate],
};

const wrong: Readonly<Record<string, readonly unknown[]>> = {
  text: [['list'], { a: 1 }],
  template: [['list'], { a: 'b' }],
  secret: [['x'], {}],
  secretUrl: [
    '',
    'ftp://x/',
    'http://',
    'http://a b/',
    'http://h:port/',
    'http://h/%zz',
    'no url',
    ['x'],
    'http://[::1',
    'http://h\n/',
  ],
  url: ['', 'example.com', 'http:///x', 'https://h:99x', 'mailto:x@y', 7, 'http://a%20b/'],
  templateUrl: ['nope', 'http://', ['x'], '://'],
  proxyUrl: ['http://[', 'http://h:x/', '%'],
  endpoint: [['x']],
  host: ['mail', 'mail:', 'a:b:c', ['x'], '[::1]', ':'],
  boolean: ['maybe', 3, ['x'], 'x'],
  redirects: ['maybe', 3, ['x'], 'x'],
  integer: ['x', 1.5, ['y'], true],
  unsigned: [-1, 'x', 1.5],
  goDuration: ['1d', 'x', '5', '', '1 h'],
  duration: ['1.5s', 'x', '1h1d', '5', '10000y'],
  file: [],
  any: [],
  nested: [],
  data: [],
};

export interface Corpus {
  readonly random: Random;
  /** Fields that this version does not know are left out, mostly. */
  readonly version: string;
  /** Per cent of fields that are set, and of fields that are set wrong. */
  readonly fillPercent: number;
  readonly wrongPercent: number;
}

export function randomObject(schema: Schema, corpus: Corpus, depth = 0): Record<string, unknown> {
  const { random, fillPercent, wrongPercent } = corpus;
  const result: Record<string, unknown> = {};
  const percent = depth === 0 ? fillPercent : fillPercent / 2;
  for (const [name, field] of Object.entries(schema.fields)) {
    const isKnown = atLeast(corpus.version, field.since ?? '0.0.0') || chance(random, wrongPercent);
    if (isKnown && !isReader(field) && chance(random, percent))
      result[name] = randomValue(field, corpus, depth);
  }
  if ('cert' in result && chance(random, 90)) Object.assign(result, { cert: certificate, key: privateKey });
  if ('ca' in result && chance(random, 90)) result.ca = certificate;
  if (chance(random, wrongPercent)) result.no_such_field = 'x';
  else if (chance(random, 80)) repair(schema, result, corpus, depth);
  return result;
}

/** Follows our own check's advice, so that most of the corpus is what people would end up with. */
function repair(schema: Schema, result: Record<string, unknown>, corpus: Corpus, depth: number): void {
  for (let round = 0; round < 10; round++) {
    const fault = schema.check?.(result, { global: {} });
    if (fault === undefined) return;
    const names = fault.split(/[^a-z0-9_]+/).filter((name) => Object.hasOwn(schema.fields, name));
    if (names.length === 0) return;
    const name = pick(corpus.random, names);
    if (name in result) delete result[name];
    else result[name] = randomValue(schema.fields[name]!, corpus, depth);
  }
}

function isReader(field: Field): boolean {
  return field.type === 'file' || field.type === 'manager' || (field.of !== undefined && isReader(field.of));
}

function randomValue(field: Field, corpus: Corpus, depth: number): unknown {
  const { random, wrongPercent } = corpus;
  const isWrong = chance(random, wrongPercent);
  switch (field.type) {
    case 'object':
      if (isWrong) return pick(random, [['list'], 7]);
      if (field.plain !== undefined && chance(random, 50)) return 'a plain text';
      return depth > 4 ? {} : randomObject(field.schema!, corpus, depth + 1);
    case 'list':
      return isWrong
        ? { not: 'a list' }
        : Array.from({ length: randomBelow(random, 3) }, () => randomValue(field.of!, corpus, depth));
    case 'map': {
      if (isWrong) return ['not a map'];
      const keys = ['alpha', 'X-Beta', 'yes'].slice(0, randomBelow(random, 4));
      return Object.fromEntries(keys.map((key) => [key, randomValue(field.of!, corpus, depth)]));
    }
    default: {
      const values = isWrong ? wrong[field.type]! : (field.values ?? samples[field.type]!);
      if (isWrong && field.values !== undefined && chance(random, 50)) return 'surely-no-choice';
      return values.length === 0 ? 'x' : pick(random, values);
    }
  }
}
