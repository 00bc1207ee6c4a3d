import { beforeAll, describe, expect, test } from 'vitest';
import { seededRandom } from '../../src/base/random.ts';
import { checkTemplate } from '../../src/render/gotemplate/check.ts';
import { mutateText } from './expression-generator.ts';
import { promtoolTemplateVerdicts } from './promtool-oracle.ts';
import { newPromtool, oldPromtool } from './promtools.ts';

const templates = [
  '{{ $labels.instance }} down for {{ $value | humanize }}',
  '{{ if eq $labels.x "a" }}yes{{ else if gt $value 1.5 }}no{{ else }}maybe{{ end }}',
  '{{ range $i, $e := query "up" }}{{ $i }}: {{ $e.Labels.job }}{{ end }}',
  '{{- with $x := first (query "up") -}} {{ $x | value | printf "%.2f" }} {{- end -}}',
  '{{ define "a" }}x{{ end }}{{ template "a" . }}{{ define "a" }}{{ end }}',
  '{{ block "b" . }}{{ . }}{{ end }}{{ template `b` }}',
  '{{ range .Foo }}{{ break }}{{ continue }}{{ end }}',
  "{{/* comment */}} x {{ `raw` }} {{ 'c' }} {{ 1e3 }} {{ 0x1F }} {{ 1+2i }} {{ -0b1_0 }} {{ .5 }}",
  '{{ (index $labels "a").Foo.Bar }}\n{{ $x := 1 }}{{ $x = 2 }}\n{{ $x }}',
  '{{ printf "%s" (reReplaceAll "a(.*)" "$1" $labels.job) }}',
  '{{ humanizeDuration 5 }} {{ externalURL }} {{ parseDuration "5m" }} {{ toDuration 5 }} {{ now }}',
  'a }} {{ true }} {{ nil }} {{ .A.B.C }} {{ $.X }} {{ $externalLabels.a }} {{ urlQueryEscape "x" }}',
  '{{ "a\\x41\\u00e9" }}{{ not true | or false }}{{ len "x" }}{{ $é := 1 }}',
  '{{ with 1 }}{{ else with 2 }}{{ end }}{{ $value\n| toJson }}',
];

const suites = [
  { version: '3.5.3', promtool: oldPromtool },
  { version: '3.14.0', promtool: newPromtool },
];

describe.each(suites)('promtool $version', ({ version, promtool }) => {
  const random = seededRandom(Number(process.env.PROMQL_SEED ?? 1));
  const donors = [
    ...templates,
    '{{',
    '}}',
    ' -}}',
    '{{- ',
    '/*',
    '*/',
    ':=',
    '|',
    '"',
    '\n',
    '08',
    '$',
    'end',
  ];
  const texts = [...templates];
  for (let i = 0; i < 4000; i++) texts.push(mutateText(random, templates[i % templates.length]!, donors));
  let theirs: (string | undefined)[] = [];
  beforeAll(async () => {
    theirs = promtoolTemplateVerdicts(await promtool(), texts);
  });

  test('refuses the same templates of alerts, for the same reason in the same line', () => {
    const differences = texts.flatMap((text, index) => {
      const fault = checkTemplate(text, { flavour: 'prometheus', version }).find(({ fatal }) => fatal);
      const our = fault === undefined ? undefined : `${fault.line}: ${fault.message}`;
      const their = theirs[index]?.replace(/started at __alert_r\d+:/, 'started at line ');
      // Of complex constants only the verdict is held to be the same.
      const agree = our === their || (our !== undefined && their?.includes('strconv.ParseFloat'));
      return agree ? [] : [{ text, our, their }];
    });
    expect(differences.slice(0, 10)).toEqual([]);
    expect(theirs.filter((verdict) => verdict === undefined).length).toBeGreaterThan(300);
  });
});
