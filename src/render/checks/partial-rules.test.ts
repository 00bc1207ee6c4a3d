import { expect, test } from 'vitest';
import { partialRules } from './partial-rules.ts';

const dialect = { version: 'v3.5.3', featureFlags: [] };

const whyOf = (expr: string) => partialRules([{ name: 'g', rules: [{ alert: 'A', expr }] }], dialect)[0]?.why;

test.each([
  'up == 0',
  'rate(http_requests_total{code=~"5.."}[5m]) > 1',
  'sum by (instance, code) (rate(http_requests_total[5m])) > 1',
  'sum by (pod) (rate(http_requests_total[5m])) > 1',
  'sum without (code) (rate(http_requests_total[5m])) > 1',
  'errors_total / requests_total > 0.1',
  'errors_total / ignoring(code) requests_total > 0.1',
  'errors_total / on(instance, job) group_left requests_total > 0.1',
  'up == 0 unless on(instance) maintenance == 1',
  'max_over_time(up[5m]) == 0',
  'histogram_quantile(0.9, sum by (instance, le) (rate(x_bucket[5m]))) > 1',
  'time() - process_start_time_seconds < 60',
])('%s looks at one target at a time', (expr) => {
  expect(whyOf(expr)).toBeUndefined();
});

test.each([
  ['sum(rate(http_requests_total[5m])) > 1', 'sum combines'],
  ['sum by (job) (up) < 2', 'sum combines'],
  ['avg without (instance, code) (x) > 1', 'avg combines'],
  ['topk(3, rate(x[5m]))', 'topk combines'],
  ['absent(up{job="a"})', 'absent holds in every shard'],
  ['absent_over_time(up[5m])', 'absent_over_time holds'],
  ['x > scalar(y)', 'scalar needs'],
  ['x * on(pod) group_left(owner) kube_pod_owner', '\\* matches'],
  ['x and ignoring(instance) y', 'and matches'],
  ['max_over_time(sum(x)[5m:1m]) > 1', 'sum combines'],
  ['vector(1)', 'reads no series'],
])('%s combines targets: %s', (expr, why) => {
  expect(whyOf(expr)).toMatch(new RegExp(why));
});

test('what reads a recorded part is a part, in whatever order the rules stand', () => {
  const group = {
    name: 'g',
    rules: [
      { alert: 'High', expr: 'job:errors:ratio > 0.1' },
      { record: 'job:errors:ratio', expr: 'job:errors:rate / 100' },
      { record: 'job:errors:rate', expr: 'sum by (job) (rate(errors_total[5m]))' },
      { alert: 'Down', expr: 'up == 0' },
      { alert: 'Broken', expr: 'up ==' },
    ],
  };
  expect(partialRules([group], dialect).map(({ rule, why }) => `${rule}: ${why}`)).toEqual([
    "High: it reads job:errors:ratio, which is recorded of one shard's targets",
    "job:errors:ratio: it reads job:errors:rate, which is recorded of one shard's targets",
    'job:errors:rate: sum combines the series of several targets',
  ]);
});
