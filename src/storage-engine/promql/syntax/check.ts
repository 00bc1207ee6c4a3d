import type { AggregateExpr, BinaryExpr, CallExpr, Expr, VectorExpr } from './ast.ts';
import { typeOf } from './ast.ts';
import { documentedType, type ValueType } from './functions.ts';
import { goQuote } from './go-format.ts';
import { isSpace } from './lexer.ts';
import { compileMatcher } from './matcher.ts';
import { metricNameLabel } from './parse-selector.ts';
import type { Span } from './position.ts';
import type { SyntaxFault } from './syntax-error.ts';

const comparisons: ReadonlySet<string> = new Set(['==', '!=', '<=', '<', '>=', '>']);
const setOperators: ReadonlySet<string> = new Set(['and', 'or', 'unless']);

/** Finds what the grammar cannot say: wrong types, arguments and matchings, selectors of everything. */
export function checkTypes(text: string, expr: Expr): SyntaxFault[] {
  const faults: SyntaxFault[] = [];
  new TypeChecker(text, faults).check(expr);
  return faults;
}

class TypeChecker {
  readonly #text: string;
  readonly #faults: SyntaxFault[];

  constructor(text: string, faults: SyntaxFault[]) {
    this.#text = text;
    this.#faults = faults;
  }

  check(expr: Expr): ValueType {
    switch (expr.kind) {
      case 'aggregate':
        this.#checkAggregate(expr);
        break;
      case 'binary':
        this.#checkBinary(expr);
        break;
      case 'call':
        this.#checkCall(expr);
        break;
      case 'paren':
        this.check(expr.expr);
        break;
      case 'unary':
        this.#checkUnary(expr.expr, expr.span);
        break;
      case 'subquery':
        if (this.check(expr.expr) !== 'vector') {
          const type = typeOf(expr.expr);
          this.#fault(expr.span, `subquery is only allowed on instant vector, got ${type} instead`);
        }
        break;
      case 'matrix':
        this.#checkVector(expr.vector);
        break;
      case 'vector':
        this.#checkVector(expr);
        break;
      default:
    }
    return typeOf(expr);
  }

  #fault(span: Span, reason: string): void {
    this.#faults.push({ span, reason });
  }

  #expect(expr: Expr, type: ValueType, context: string): void {
    const actual = this.check(expr);
    if (actual !== type) {
      this.#fault(
        expr.span,
        `expected type ${documentedType(type)} in ${context}, got ${documentedType(actual)}`,
      );
    }
  }

  #checkAggregate(expr: AggregateExpr): void {
    this.#expect(expr.expr, 'vector', 'aggregation expression');
    if (expr.param === undefined) return;
    this.#expect(expr.param, expr.op === 'count_values' ? 'string' : 'scalar', 'aggregation parameter');
  }

  #checkUnary(operand: Expr, span: Span): void {
    const type = this.check(operand);
    if (type === 'scalar' || type === 'vector') return;
    const seen = goQuote(documentedType(type));
    this.#fault(
      span,
      `unary expression only allowed on expressions of type scalar or instant vector, got ${seen}`,
    );
  }

  #checkBinary(expr: BinaryExpr): void {
    const left = this.check(expr.left);
    this.#checkOperator(expr, left, this.check(expr.right));
  }

  #checkOperator(expr: BinaryExpr, left: ValueType, right: ValueType): void {
    const { op, matching } = expr;
    const isSet = setOperators.has(op);
    if (expr.returnBool && !comparisons.has(op)) {
      this.#fault(this.#operatorSpan(expr), 'bool modifier can only be used on comparison operators');
    }
    if (comparisons.has(op) && !expr.returnBool && left === 'scalar' && right === 'scalar') {
      this.#fault(this.#operatorSpan(expr), 'comparisons between scalars must use BOOL modifier');
    }
    const labels = matching?.labels ?? [];
    const include = matching?.include ?? [];
    if (matching?.on) {
      for (const label of labels) {
        if (include.includes(label)) {
          const name = goQuote(label);
          this.#fault(
            this.#operatorSpan(expr),
            `label ${name} must not occur in ON and GROUP clause at once`,
          );
        }
      }
    }
    for (const [side, type] of [
      [expr.left, left],
      [expr.right, right],
    ] as const) {
      if (type !== 'scalar' && type !== 'vector') {
        this.#fault(side.span, 'binary expression must contain only scalar and instant vector types');
      }
    }
    const hasFill = matching?.fillLeft !== undefined || matching?.fillRight !== undefined;
    if (left !== 'vector' || right !== 'vector') {
      if (labels.length > 0) this.#fault(expr.span, 'vector matching only allowed between instant vectors');
      if (hasFill) this.#fault(expr.span, 'filling in missing series only allowed between instant vectors');
    } else if (isSet) {
      if (matching?.cardinality !== 'many-to-many') {
        this.#fault(expr.span, `no grouping allowed for ${goQuote(op)} operation`);
        this.#fault(expr.span, 'set operations must always be many-to-many');
      }
      if (hasFill) this.#fault(expr.span, 'filling in missing series not allowed for set operators');
    }
    if ((left === 'scalar' || right === 'scalar') && isSet) {
      this.#fault(expr.span, `set operator ${goQuote(op)} not allowed in binary scalar expression`);
    }
  }

  /** The operator with its modifiers: what stands between the two sides, without the blanks around. */
  #operatorSpan(expr: BinaryExpr): Span {
    let start = expr.left.span.end;
    let end = expr.right.span.start - 1;
    while (isSpace(this.#text[start])) start++;
    while (isSpace(this.#text[end])) end--;
    return { start, end };
  }

  #checkCall(call: CallExpr): void {
    const { func, args, span } = call;
    this.#checkArgumentCount(call);
    const infoSelector = func.name === 'info' ? args[1] : undefined;
    if (infoSelector !== undefined) this.#checkInfoSelector(infoSelector, span);
    for (const [index, arg] of args.entries()) {
      if (index >= func.args.length && func.variadic === 0) break;
      const expected = func.args[Math.min(index, func.args.length - 1)]!;
      const selectsAll = arg === infoSelector && arg.kind === 'vector';
      const actual = selectsAll ? this.#checkVector(arg, { mayBeEmpty: true }) : this.check(arg);
      if (actual !== expected) {
        const types = [documentedType(expected), documentedType(actual)] as const;
        this.#fault(
          arg.span,
          `expected type ${types[0]} in call to function ${goQuote(func.name)}, got ${types[1]}`,
        );
      }
    }
  }

  #checkArgumentCount({ func, args, span }: CallExpr): void {
    const name = goQuote(func.name);
    if (func.variadic === 0) {
      if (args.length !== func.args.length) {
        this.#fault(span, `expected ${func.args.length} argument(s) in call to ${name}, got ${args.length}`);
      }
      return;
    }
    const least = func.args.length - 1;
    const most = least + func.variadic;
    if (args.length < least) {
      this.#fault(span, `expected at least ${least} argument(s) in call to ${name}, got ${args.length}`);
    } else if (func.variadic > 0 && args.length > most) {
      this.#fault(span, `expected at most ${most} argument(s) in call to ${name}, got ${args.length}`);
    }
  }

  #checkInfoSelector(arg: Expr, span: Span): void {
    const type = typeOf(arg);
    if (type !== 'vector') {
      const seen = documentedType(type);
      this.#fault(span, `expected type instant vector in call to function "info", got ${seen}`);
    }
    if (arg.kind !== 'vector') this.#fault(arg.span, 'expected label selectors only');
    else if (arg.name !== '') {
      this.#fault(arg.span, 'expected label selectors only, got vector selector instead');
    }
  }

  #checkVector(expr: VectorExpr, options: { readonly mayBeEmpty?: boolean } = {}): ValueType {
    if (expr.name !== '') {
      for (const matcher of expr.matchers.slice(0, -1)) {
        if (matcher.name !== metricNameLabel) continue;
        const names = `${goQuote(expr.name)} or ${goQuote(matcher.value)}`;
        this.#fault(expr.span, `metric name must not be set twice: ${names}`);
      }
    } else if (!options.mayBeEmpty && expr.matchers.every((matcher) => compileMatcher(matcher)(''))) {
      this.#fault(expr.span, 'vector selector must contain at least one non-empty matcher');
    }
    return 'vector';
  }
}
