import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { checkTemplate, templateNames } from './check.ts';

const alert = (text: string) => checkTemplate(text, { flavour: 'prometheus' });
const notification = (text: string, templates?: readonly string[]) =>
  checkTemplate(text, { flavour: 'alertmanager', ...(templates && { templates }) });

describe('a template of an alert', () => {
  test.each([
    'plain text',
    '{{ $labels.instance }} has {{ $value | humanize }}',
    '{{ if eq $labels.job "a" }}x{{ else if gt $value 1.5 }}y{{ else }}z{{ end }}',
    '{{ range $i, $e := query "up" }}{{ break }}{{ $i }}{{ $e.Labels.job }}{{ end }}',
    '{{- with first (query "up") -}}{{ . | value | printf "%.2f" }}{{- end -}}',
    '{{/* a comment }} */}}{{ `raw {{` }} {{ 0x1F }} {{ 1+2i }}',
    '{{ define "a" }}{{ . }}{{ end }}{{ template "a" $labels }}',
  ])('is accepted: %s', (text) => {
    expect(alert(text)).toEqual([]);
  });

  test.each([
    ['{{ $labels.x', 1, 'unclosed action'],
    ['a\n{{ foo }}', 2, 'function "foo" not defined'],
    ['{{ $x }}', 1, 'undefined variable "$x"'],
    ['{{ if true }}\n\nx', 3, 'unexpected EOF'],
    ['{{ end }}', 1, 'unexpected {{end}}'],
    ['{{ toJson . }}', 1, 'function "toJson" not defined'],
    [
      '{{ define "a" }}x{{ end }}{{ define "a" }}y{{ end }}',
      1,
      'template: multiple definition of template "a"',
    ],
    ['{{ break }}', 1, '{{break}} outside {{range}}'],
    ['{{ "a" | true }}', 1, 'non executable command in pipeline stage 2'],
    ['{{/* x', 1, 'unclosed comment'],
  ])('that does not parse is refused with its line: %s', (text, line, message) => {
    expect(alert(text)).toMatchObject([{ fatal: true, line, message }]);
  });

  test.each([
    ['{{ humanize 1 2 }}', 'wrong number of args for humanize: want 1 got 2'],
    ['{{ $value | match "(" }}', 'error calling match: error parsing regexp: missing closing ): `(`'],
    ['{{ printf }}', 'wrong number of args for printf: want at least 1 got 0'],
    ['{{ 1 2 }}', "can't give argument to non-function 1"],
    ['{{ (humanize) }}', 'wrong number of args for humanize: want 1 got 0'],
  ])('that parses but never runs is a warning: %s', (text, message) => {
    expect(alert(text)).toMatchObject([{ fatal: false, message }]);
  });

  test('may call only what its Prometheus version knows', () => {
    const text = '{{ toDuration 5 }}';
    expect(checkTemplate(text, { flavour: 'prometheus', version: 'v3.5.3' })).toMatchObject([
      { fatal: true },
    ]);
    expect(checkTemplate(text, { flavour: 'prometheus', version: 'v3.14.0' })).toEqual([]);
  });
});

describe('a template of a notification', () => {
  test('has its own functions and none of the variables of alerts', () => {
    expect(notification('{{ .CommonLabels.SortedPairs.Values | join " " | toUpper }}')).toEqual([]);
    expect(notification('{{ $labels.x }}')).toMatchObject([{ message: 'undefined variable "$labels"' }]);
    expect(notification('{{ humanize 1 }}')).toMatchObject([{ message: 'function "humanize" not defined' }]);
  });

  test('that calls a template defined nowhere is a warning at its place', () => {
    const text = '{{ define "x" }}\n{{ template "y" . }}{{ template "z" . }}{{ end }}';
    expect(notification(text, ['z'])).toEqual([
      { message: 'template "y" not defined', line: 2, column: 13, fatal: false },
    ]);
  });

  test('tells the names it defines and calls, so that they can be rewritten', () => {
    const text = '{{ define "x" }}{{ template `y` . }}{{ end }}{{ block "b" . }}{{ end }}';
    const names = templateNames(text, { flavour: 'alertmanager' });
    const quoted = (all: typeof names.defined) =>
      all.map(({ name, start, end }) => [name, text.slice(start, end)]);
    expect(quoted(names.defined)).toEqual([
      ['x', '"x"'],
      ['b', '"b"'],
    ]);
    expect(quoted(names.called)).toEqual([
      ['y', '`y`'],
      ['b', '"b"'],
    ]);
  });
});

describe('hostile templates', () => {
  test.each([
    ['deep parentheses', `{{ ${'('.repeat(100_000)} }}`],
    ['deep clauses', '{{ if true }}'.repeat(50_000)],
    ['a long chain of else if', `{{ if true }}${'{{ else if true }}'.repeat(50_000)}{{ end }}`],
    ['more text than the limit', 'x'.repeat(2 * 1024 * 1024)],
  ])('end in a fault: %s', (_name, text) => {
    expect(alert(text)).toMatchObject([{ fatal: true }]);
  });

  test('made of any pieces never crash the checker', () => {
    const piece = fc.constantFrom(
      '{{',
      '}}',
      '{{-',
      ' -}}',
      '"',
      '`',
      "'",
      '$',
      '.',
      'if',
      'end',
      'range',
      '(',
      ')',
      '|',
      ' ',
      '\n',
      ':=',
      '1',
      'é',
      '\ud800',
    );
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 30 }), (pieces) => {
        for (const fault of alert(pieces.join(''))) expect(fault.line).toBeGreaterThan(0);
      }),
      { numRuns: 500 },
    );
  });
});
