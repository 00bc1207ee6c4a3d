import type {
  DurationExpr,
  DurationOperand,
  Expr,
  LabelMatcher,
  TimeModifiers,
} from '../promql/syntax/ast.ts';
import { formatFloatPlain } from '../promql/syntax/go-format.ts';
import { jsonMessage } from './json-text.ts';

type Json = string | number | boolean | null | readonly Json[] | { readonly [name: string]: Json };

/** The expression as parse_query shows it: objects with sorted names, as Go writes its maps. */
export function jsonExpr(expr: Expr): string {
  return goJson(exprTree(expr));
}

/** JSON as Go's standard encoder writes maps and texts. */
export function goJson(value: Json): string {
  if (typeof value === 'string') return jsonMessage(value);
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  if (isList(value)) return `[${value.map(goJson).join(',')}]`;
  const names = Object.keys(value).sort();
  return `{${names.map((name) => `${jsonMessage(name)}:${goJson(value[name]!)}`).join(',')}}`;
}

function isList(value: Json): value is readonly Json[] {
  return Array.isArray(value);
}

function exprTree(expr: Expr): Json {
  switch (expr.kind) {
    case 'aggregate':
      return {
        type: 'aggregation',
        op: expr.op,
        expr: exprTree(expr.expr),
        param: expr.param === undefined ? null : exprTree(expr.param),
        grouping: expr.grouping,
        without: expr.without,
      };
    case 'binary':
      return {
        type: 'binaryExpr',
        op: expr.op,
        lhs: exprTree(expr.left),
        rhs: exprTree(expr.right),
        matching: matchingTree(expr.matching),
        bool: expr.returnBool,
      };
    case 'call': {
      const { name, args, variadic, returns } = expr.func;
      return {
        type: 'call',
        func: { name, argTypes: args, variadic, returnType: returns },
        args: expr.args.map(exprTree),
      };
    }
    case 'matrix':
      return {
        ...selectorTree(expr.vector),
        type: 'matrixSelector',
        range: expr.rangeMs,
        rangeExpr: durationTree(expr.rangeExpr),
      };
    case 'subquery':
      return {
        type: 'subquery',
        expr: exprTree(expr.expr),
        range: expr.rangeMs,
        rangeExpr: durationTree(expr.rangeExpr),
        step: expr.stepMs,
        stepExpr: durationTree(expr.stepExpr),
        ...timeTree(expr),
      };
    case 'number':
      return { type: 'numberLiteral', val: formatFloatPlain(expr.value) };
    case 'paren':
      return { type: 'parenExpr', expr: exprTree(expr.expr) };
    case 'string':
      return { type: 'stringLiteral', val: expr.value };
    case 'unary':
      return { type: 'unaryExpr', op: expr.op, expr: exprTree(expr.expr) };
    case 'vector':
      return { ...selectorTree(expr), type: 'vectorSelector' };
  }
}

function selectorTree(expr: Expr & { kind: 'vector' }) {
  return {
    name: expr.name,
    matchers: expr.matchers.map(matcherTree),
    anchored: expr.rangeMode === 'anchored',
    smoothed: expr.rangeMode === 'smoothed',
    ...timeTree(expr),
  };
}

function matcherTree({ name, op, value }: LabelMatcher): Json {
  return { name, value, type: op };
}

function timeTree(expr: TimeModifiers) {
  return {
    offset: expr.offsetMs,
    offsetExpr: durationTree(expr.offsetExpr),
    timestamp: expr.timestampMs ?? null,
    startOrEnd: expr.atPreprocessor ?? null,
  };
}

function matchingTree(matching: (Expr & { kind: 'binary' })['matching']): Json {
  if (matching === undefined) return null;
  return {
    card: matching.cardinality,
    labels: matching.labels,
    on: matching.on,
    include: matching.include,
    fillValues: { lhs: matching.fillLeft ?? null, rhs: matching.fillRight ?? null },
  };
}

function durationTree(expr: DurationExpr | DurationOperand | undefined): Json {
  if (expr === undefined) return null;
  if (expr.kind === 'number')
    return { type: 'numberLiteral', val: formatFloatPlain(expr.value), duration: expr.isDuration };
  return {
    type: 'durationExpr',
    op: expr.op,
    lhs: durationTree(expr.left),
    rhs: durationTree(expr.right),
    wrapped: expr.wrapped,
  };
}
