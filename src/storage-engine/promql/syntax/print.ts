import type {
  AggregateExpr,
  BinaryExpr,
  DurationExpr,
  DurationOperand,
  Expr,
  LabelMatcher,
  MatrixExpr,
  NumberExpr,
  SubqueryExpr,
  TimeModifiers,
  VectorExpr,
} from './ast.ts';
import { formatDuration, millisecondsOf } from './durations.ts';
import { formatFloatGeneral, formatFloatPlain, goQuote } from './go-format.ts';
import { metricNameLabel } from './parse-selector.ts';
import { isLegacyLabelName } from './strings.ts';

/** The expression on one line, as Prometheus writes it. Parsing the text again gives the same expression. */
export function printExpr(expr: Expr): string {
  switch (expr.kind) {
    case 'aggregate': {
      const param = expr.param === undefined ? '' : `${printExpr(expr.param)}, `;
      return `${aggregateHead(expr)}(${param}${printExpr(expr.expr)})`;
    }
    case 'binary':
      return `${printExpr(expr.left)} ${operatorText(expr)} ${printExpr(expr.right)}`;
    case 'call':
      return `${expr.func.name}(${expr.args.map((arg) => printExpr(arg)).join(', ')})`;
    case 'matrix':
      return printMatrix(expr);
    case 'number':
      return printNumber(expr);
    case 'paren':
      return `(${printExpr(expr.expr)})`;
    case 'string':
      return goQuote(expr.value);
    case 'subquery':
      return printExpr(expr.expr) + subquerySuffix(expr);
    case 'unary':
      return expr.op + printExpr(expr.expr);
    case 'vector':
      return printVector(expr);
  }
}

/** `sum by (job) `: the operator with its grouping. */
export function aggregateHead(expr: AggregateExpr): string {
  if (expr.without) return `${expr.op} without (${labelList(expr.grouping)}) `;
  return expr.grouping.length > 0 ? `${expr.op} by (${labelList(expr.grouping)}) ` : expr.op;
}

function labelList(labels: readonly string[]): string {
  return labels.map((label) => (isLegacyLabelName(label) ? label : goQuote(label))).join(', ');
}

/** `== bool on (job) group_left ()`: the operator with its modifiers. */
export function operatorText(expr: BinaryExpr): string {
  return expr.op + (expr.returnBool ? ' bool' : '') + matchingText(expr);
}

function matchingText({ matching }: BinaryExpr): string {
  if (matching === undefined) return '';
  const { cardinality, labels, on, include, fillLeft, fillRight } = matching;
  const grouped = cardinality === 'many-to-one' || cardinality === 'one-to-many';
  let text = '';
  if (labels.length > 0 || on || grouped) text += ` ${on ? 'on' : 'ignoring'} (${labelList(labels)})`;
  if (grouped) text += ` group_${cardinality === 'many-to-one' ? 'left' : 'right'} (${labelList(include)})`;
  if (fillLeft !== undefined && fillLeft === fillRight)
    return `${text} fill (${formatFloatGeneral(fillLeft)})`;
  if (fillLeft !== undefined) text += ` fill_left (${formatFloatGeneral(fillLeft)})`;
  if (fillRight !== undefined) text += ` fill_right (${formatFloatGeneral(fillRight)})`;
  return text;
}

function printNumber(expr: NumberExpr): string {
  return expr.isDuration ? formatDuration(millisecondsOf(expr.value)) : formatFloatPlain(expr.value);
}

function printVector(expr: VectorExpr): string {
  const mode = expr.rangeMode === undefined ? '' : ` ${expr.rangeMode}`;
  return selectorText(expr) + atText(expr) + mode + offsetText(expr);
}

function selectorText(expr: VectorExpr): string {
  const texts = expr.matchers
    .filter((m) => !(m.name === metricNameLabel && m.op === '=' && m.value === expr.name && m.value !== ''))
    .map(printMatcher)
    .sort(compareBytes);
  // A selector of everything stays one: Prometheus prints nothing for it.
  if (texts.length === 0) return expr.name === '' ? '{}' : expr.name;
  return `${expr.name}{${texts.join(',')}}`;
}

/** `name="value"`, the name quoted where it must be. */
export function printMatcher(matcher: LabelMatcher): string {
  const name = isLegacyLabelName(matcher.name) ? matcher.name : goQuote(matcher.name);
  return name + matcher.op + goQuote(matcher.value);
}

function compareBytes(a: string, b: string): number {
  return Buffer.compare(Buffer.from(a), Buffer.from(b));
}

function printMatrix(expr: MatrixExpr): string {
  const { vector } = expr;
  const mode = vector.rangeMode === undefined ? '' : ` ${vector.rangeMode}`;
  const range = rangeText(expr.rangeMs, expr.rangeExpr);
  return `${selectorText(vector)}[${range}]${mode}${atText(vector)}${offsetText(vector)}`;
}

/** `[5m:1m] @ 10.000 offset 1h`: what stands behind the inner expression. */
export function subquerySuffix(expr: SubqueryExpr): string {
  const step = expr.stepMs === 0 && expr.stepExpr === undefined ? '' : rangeText(expr.stepMs, expr.stepExpr);
  return `[${rangeText(expr.rangeMs, expr.rangeExpr)}:${step}]${atText(expr)}${offsetText(expr)}`;
}

function rangeText(ms: number, expr: DurationExpr | undefined): string {
  return expr === undefined ? formatDuration(ms) : printDuration(expr);
}

function atText({ timestampMs, atPreprocessor }: TimeModifiers): string {
  if (timestampMs !== undefined) return ` @ ${(timestampMs / 1000).toFixed(3)}`;
  return atPreprocessor === undefined ? '' : ` @ ${atPreprocessor}()`;
}

function offsetText({ offsetMs, offsetExpr }: TimeModifiers): string {
  if (offsetExpr !== undefined) return ` offset ${printDuration(offsetExpr)}`;
  return offsetMs === 0 ? '' : ` offset ${formatDuration(offsetMs)}`;
}

function printDuration(operand: DurationOperand): string {
  if (operand.kind === 'number') return printNumber(operand);
  const text = durationText(operand);
  return operand.wrapped ? `(${text})` : text;
}

function durationText({ op, left, right }: DurationExpr): string {
  if (op === 'step' || op === 'range') return `${op}()`;
  const rightText = right === undefined ? '' : printDuration(right);
  if (left === undefined) return op === '-' ? `-${rightText}` : rightText;
  if (op === 'min_of' || op === 'max_of') return `${op}(${printDuration(left)}, ${rightText})`;
  return `${printDuration(left)} ${op} ${rightText}`;
}
