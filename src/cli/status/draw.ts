import { createColors } from 'picocolors';
import { limits } from '../../base/limits.ts';
import { printable } from '../printable.ts';
import { type ObjectPicture, objectsOf, type StackPicture, type StatusPicture } from './picture.ts';
import { type Cell, formatTable, type Row } from './table.ts';

export interface DrawOptions {
  readonly colors: boolean;
  readonly columns: number | undefined;
  readonly nowMs: number;
  /** List everything, however many there are. */
  readonly all: boolean;
}

type Paint = ReturnType<typeof createColors>;

/** The picture as tables for a terminal. */
export function drawPicture(picture: StatusPicture, options: DrawOptions): string {
  const paint = createColors(options.colors);
  const lines = [
    ...section('stacks', picture.stacks, options, paint),
    ...picture.stacks.flatMap((stack) => podLines(stack, options, paint)),
    ...section('rule sets', picture.ruleSets, options, paint),
    ...section('routes', picture.routes, options, paint),
    ...section('silences', picture.silences, options, paint),
    ...(picture.policies.length === 0 ? [] : section('retention', picture.policies, options, paint)),
    summary(picture, paint),
  ];
  return `${lines.join('\n')}\n`;
}

/** Above this many, ready objects are counted only. */
function section(
  title: string,
  objects: readonly ObjectPicture[],
  options: DrawOptions,
  paint: Paint,
): string[] {
  if (objects.length === 0) return [paint.bold(title), paint.dim('  none'), ''];
  const troubled = objects.filter((object) => rank(object) > 0);
  const many = !options.all && objects.length > limits.statusRows;
  const shown = (many ? troubled : [...objects])
    .sort((a, b) => rank(b) - rank(a))
    .slice(0, many ? limits.statusRows : undefined);
  const stageNames = Object.keys(objects[0]!.stages);
  const rows = shown.map(
    (object): Row => [
      printable(`${object.namespace}/${object.name}`),
      ...stageNames.map((name) => stageCell(object.stages[name] ?? '-', options.nowMs, paint)),
      readyCell(object, paint),
      ageText(object.since, options.nowMs),
      object.ready === 'True' ? '' : printable(whyText(object)),
    ],
  );
  const header = ['NAME', ...stageNames, 'READY', 'SINCE', 'WHY'];
  const [head, ...body] = formatTable(
    header,
    rows,
    options.columns === undefined ? undefined : options.columns - 2,
  );
  const left = objects.length - shown.length;
  return [
    `${paint.bold(title)}${paint.dim(` ${objects.length}`)}`,
    ...(shown.length === 0 ? [] : [`  ${paint.dim(head!)}`]),
    ...body.flatMap((line, index) => [`  ${line}`, ...faultLines(shown[index]!, paint)]),
    ...(left > 0
      ? [
          paint.dim(
            `  and ${left} more${many && troubled.length <= limits.statusRows ? ', all ready' : ''} (--all lists them)`,
          ),
        ]
      : []),
    '',
  ];
}

/** Faults follow on lines of their own, so the message is told as far as it does not repeat the first of them. */
function whyText({ reason, message, faults: [first] }: ObjectPicture): string {
  const places =
    first === undefined ? [] : [message.indexOf(`${first.path}: `), message.indexOf(first.message)];
  const end = Math.min(message.length, ...places.filter((place) => place >= 0));
  const text = message.slice(0, end).replace(/[;:\s]+$/, '');
  return text === '' ? reason : `${reason}: ${text}`;
}

/** What is worse comes first. */
function rank(object: ObjectPicture): number {
  if (object.suspended) return 0.5;
  if (object.ready === 'True') return object.notes.length > 0 ? 0.7 : 0;
  return object.stalled ? 3 : object.ready === 'False' ? 2 : 1;
}

function readyCell(object: ObjectPicture, paint: Paint): Cell {
  if (object.suspended) return { text: 'suspended', paint: paint.dim };
  if (object.ready === 'True') return { text: 'yes', paint: paint.green };
  if (object.ready === 'Unknown') return { text: '?', paint: paint.yellow };
  return object.stalled ? { text: 'stalled', paint: paint.red } : { text: 'no', paint: paint.yellow };
}

function stageCell(text: string, nowMs: number, paint: Paint): Cell {
  const shown = printable(/^\d{4}-\d\d-\d\dT/.test(text) ? untilText(text, nowMs) : text);
  if (shown === 'yes' || shown === 'Active') return { text: shown, paint: paint.green };
  if (shown === 'no') return { text: shown, paint: paint.red };
  const counts = /^(\d+)\/(\d+)/.exec(shown);
  if (counts === null) return { text: shown };
  return { text: shown, paint: counts[1] === counts[2] ? paint.green : paint.yellow };
}

const maxFaultLines = 5;

function faultLines(object: ObjectPicture, paint: Paint): string[] {
  const shown = object.faults.slice(0, maxFaultLines).map((fault) => {
    const place = [fault.path, fault.line, fault.column].filter((part) => part !== undefined).join(':');
    return `      ${paint.red(fault.code)} ${printable(place)} ${printable(fault.message)}`;
  });
  const left = object.faults.length - shown.length;
  return [
    ...shown,
    ...(left > 0 ? [paint.dim(`      and ${left} more faults`)] : []),
    ...object.notes.map(({ code, message }) => `      ${paint.yellow(code)} ${printable(message)}`),
  ];
}

function podLines(stack: StackPicture, options: DrawOptions, paint: Paint): string[] {
  const many = !options.all && stack.pods.length > limits.statusPods;
  const shown = many
    ? stack.pods.filter((pod) => !pod.ready || pod.loaded === false).slice(0, limits.statusPods)
    : stack.pods;
  if (stack.pods.length === 0) return [];
  const rows = shown.map(
    (pod): Row => [
      printable(pod.name),
      { text: printable(pod.state), paint: pod.ready ? paint.green : paint.yellow },
      { text: pod.ready ? 'yes' : 'no', paint: pod.ready ? paint.green : paint.red },
      pod.loaded === undefined ? '-' : stageCell(pod.loaded ? 'yes' : 'no', options.nowMs, paint),
      String(pod.restarts),
      pod.url ?? '-',
      printable(pod.error ?? ''),
    ],
  );
  const [head, ...body] = formatTable(
    ['POD', 'STATE', 'READY', 'LOADED', 'RESTARTS', 'URL', 'ERROR'],
    rows,
    options.columns === undefined ? undefined : options.columns - 2,
  );
  const left = stack.pods.length - shown.length;
  return [
    `${paint.bold('pods')} ${paint.dim(printable(`of ${stack.namespace}/${stack.name}`))}`,
    ...(shown.length === 0 ? [] : [`  ${paint.dim(head!)}`]),
    ...body.map((line) => `  ${line}`),
    ...(left > 0 ? [paint.dim(`  and ${left} more (--all lists them)`)] : []),
    '',
  ];
}

function summary(picture: StatusPicture, paint: Paint): string {
  const objects = objectsOf(picture);
  const waiting = objects.filter((object) => !object.suspended && object.ready !== 'True');
  const suspended = objects.filter((object) => object.suspended).length;
  const aside = suspended === 0 ? '' : `, ${suspended} of them suspended`;
  if (objects.length === 0) return 'no MonitoringStack, AlertRuleSet, AlertRoute or Silence found';
  if (waiting.length === 0) return paint.green(`everything is ready (${objects.length} objects${aside})`);
  return paint.yellow(
    `${waiting.length} of ${objects.length} objects ${waiting.length === 1 ? 'is' : 'are'} not ready`,
  );
}

const steps: readonly (readonly [seconds: number, unit: string])[] = [
  [86_400, 'd'],
  [3600, 'h'],
  [60, 'm'],
  [1, 's'],
];

/** `3m`, `2h`: the largest unit that fits, as kubectl does. */
export function spanText(spanMs: number): string {
  const seconds = Math.floor(Math.max(0, spanMs) / 1000);
  const [size, unit] = steps.find(([step]) => seconds >= step) ?? [1, 's'];
  return `${Math.floor(seconds / size)}${unit}`;
}

function ageText(since: string | undefined, nowMs: number): string {
  const sinceMs = Date.parse(since ?? '');
  return Number.isNaN(sinceMs) ? '-' : spanText(nowMs - sinceMs);
}

function untilText(time: string, nowMs: number): string {
  const timeMs = Date.parse(time);
  if (Number.isNaN(timeMs)) return time;
  const span = timeMs > nowMs ? `in ${spanText(timeMs - nowMs)}` : `${spanText(nowMs - timeMs)} ago`;
  return `${time.slice(0, 16).replace('T', ' ')}Z (${span})`;
}
