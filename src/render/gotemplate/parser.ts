import { limits } from '../../base/limits.ts';
import { goQuote } from '../../storage-engine/promql/syntax/go-format.ts';
import { charConstantFault, complexFault, numberFault, unquoteGoString } from './constants.ts';
import { TemplateLexer } from './lexer.ts';
import { describeToken, type Token, type TokenKind } from './tokens.ts';

/** An operand of a command, as far as checking needs it. */
export type Operand =
  | { readonly kind: 'identifier'; readonly name: string; readonly token: Token }
  | { readonly kind: 'string'; readonly value: string; readonly token: Token }
  | { readonly kind: 'pipeline'; readonly pipeline: Pipeline; readonly token: Token }
  | { readonly kind: 'constant' | 'value'; readonly token: Token };

/** A command: a function or value, with its arguments. */
export interface Command {
  readonly operands: readonly Operand[];
}

export interface Pipeline {
  readonly commands: readonly Command[];
}

/** A template's name where it is defined (`define`, `block`) or called (`template`, `block`). */
export interface TemplateName {
  readonly name: string;
  /** The quoted name in the text. */
  readonly token: Token;
}

/** What a text holds, as far as checking needs it. */
export interface ParsedTemplate {
  readonly pipelines: readonly Pipeline[];
  readonly defined: readonly TemplateName[];
  readonly called: readonly TemplateName[];
}

/** Thrown at the first fault, as Go's parser stops there. */
export class TemplateSyntaxError extends Error {
  /** The token last read, whose line Go reports. */
  readonly token: Token;
  constructor(message: string, token: Token) {
    super(message);
    this.token = token;
  }
}

export interface ParseContext {
  readonly hasFunction: (name: string) => boolean;
  readonly variables: readonly string[];
}

/** Parses a text; throws TemplateSyntaxError. */
export function parseTemplate(text: string, context: ParseContext): ParsedTemplate {
  return new TemplateParser(text, context).parse();
}

type ControlEnd = 'end' | 'else';

const operandKinds: ReadonlySet<TokenKind> = new Set([
  'bool',
  'char-constant',
  'complex',
  'dot',
  'field',
  'identifier',
  'number',
  'raw-string',
  'string',
  'variable',
  'left-paren',
]);

/** Variables in sight, by name how often, and in the order declared so that a clause can drop its own. */
class Scope {
  rangeDepth = 0;
  readonly #order: string[] = [];
  readonly #counts = new Map<string, number>();

  constructor(variables: readonly string[]) {
    for (const name of ['$', ...variables]) this.declare(name);
  }

  get size(): number {
    return this.#order.length;
  }

  has(name: string): boolean {
    return (this.#counts.get(name) ?? 0) > 0;
  }

  declare(name: string): void {
    this.#order.push(name);
    this.#counts.set(name, (this.#counts.get(name) ?? 0) + 1);
  }

  dropTo(size: number): void {
    for (const name of this.#order.splice(size)) this.#counts.set(name, this.#counts.get(name)! - 1);
  }
}

class TemplateParser {
  readonly #lexer: TemplateLexer;
  readonly #context: ParseContext;
  readonly #tokens: Token[] = [];
  #next = 0;
  #depth = 0;
  #actionLine = 0;
  #scope: Scope;
  readonly #pipelines: Pipeline[] = [];
  readonly #defined: TemplateName[] = [];
  readonly #called: TemplateName[] = [];
  /** Names whose body holds more than blanks; a second one of these is refused. */
  readonly #filled = new Set<string>();

  constructor(text: string, context: ParseContext) {
    this.#lexer = new TemplateLexer(text);
    this.#context = context;
    this.#scope = new Scope(context.variables);
  }

  parse(): ParsedTemplate {
    while (this.#peek().kind !== 'eof') {
      if (this.#peek().kind === 'left-delim') {
        const mark = this.#next;
        this.#take();
        const word = this.#takeNonSpace();
        if (isKeyword(word, 'define')) {
          this.#definition();
          continue;
        }
        this.#next = mark;
      }
      const end = this.#textOrAction();
      if (end === 'end' || end === 'else') this.#fail(`unexpected {{${end}}}`);
    }
    return { pipelines: this.#pipelines, defined: this.#defined, called: this.#called };
  }

  #peek(): Token {
    while (this.#tokens.length <= this.#next) this.#tokens.push(this.#lexer.next());
    return this.#tokens[this.#next]!;
  }

  #take(): Token {
    const token = this.#peek();
    this.#next++;
    return token;
  }

  #takeNonSpace(): Token {
    let token = this.#take();
    while (token.kind === 'space') token = this.#take();
    return token;
  }

  #peekNonSpace(): Token {
    while (this.#peek().kind === 'space') this.#next++;
    return this.#peek();
  }

  #expect(kind: TokenKind, context: string): Token {
    const token = this.#takeNonSpace();
    if (token.kind !== kind) this.#unexpected(token, context);
    return token;
  }

  #fail(message: string): never {
    throw new TemplateSyntaxError(message, this.#tokens.at(-1) ?? this.#peek());
  }

  #unexpected(token: Token, context: string): never {
    if (token.kind !== 'error') this.#fail(`unexpected ${describeToken(token)} in ${context}`);
    let extra = '';
    if (this.#actionLine !== 0 && this.#actionLine !== token.line) {
      const started = `started at line ${this.#actionLine}`;
      extra = token.text.endsWith(' action') ? ` ${started}` : ` in action ${started}`;
    }
    this.#fail(token.text + extra);
  }

  /** Runs a part that may contain itself. */
  #nested<T>(part: () => T): T {
    this.#depth++;
    if (this.#depth > limits.templateNestingLevels) {
      this.#fail(`template nests deeper than ${limits.templateNestingLevels} levels`);
    }
    const result = part();
    this.#depth--;
    return result;
  }

  #definition(): void {
    const context = 'define clause';
    const nameToken = this.#takeNonSpace();
    const name = this.#templateName(nameToken, context);
    this.#expect('right-delim', context);
    this.#body(name, nameToken, context);
  }

  /** The body of a define or block clause, which sees none of the variables around it. */
  #body(name: string, token: Token, context: string): void {
    const saved = this.#scope;
    const actionLine = this.#actionLine;
    this.#actionLine = 0;
    this.#scope = new Scope([]);
    const { end, isEmpty } = this.#nested(() => this.#itemList());
    if (end !== 'end') this.#fail(`unexpected {{${end}}} in ${context}`);
    this.#scope = saved;
    this.#actionLine = actionLine;
    if (!isEmpty && this.#filled.has(name)) {
      this.#fail(`template: multiple definition of template ${goQuote(name)}`);
    }
    if (!isEmpty) this.#filled.add(name);
    this.#defined.push({ name, token });
  }

  #itemList(): { end: ControlEnd; isEmpty: boolean } {
    let isEmpty = true;
    while (this.#peekNonSpace().kind !== 'eof') {
      const item = this.#textOrAction();
      if (item === 'end' || item === 'else') return { end: item, isEmpty };
      if (item === 'content') isEmpty = false;
    }
    return this.#fail('unexpected EOF');
  }

  /** One item of a list: blank text, content, or the end of the list. */
  #textOrAction(): 'blank' | 'content' | ControlEnd {
    const token = this.#takeNonSpace();
    if (token.kind === 'text') return /^\s*$/.test(token.text) ? 'blank' : 'content';
    if (token.kind !== 'left-delim') this.#unexpected(token, 'input');
    this.#actionLine = token.line;
    const item = this.#action();
    this.#actionLine = 0;
    return item;
  }

  #action(): 'content' | ControlEnd {
    const word = this.#peekNonSpace();
    if (word.kind === 'keyword') {
      this.#take();
      switch (word.text) {
        case 'block':
          return this.#block();
        case 'break':
        case 'continue':
          return this.#jump(word.text);
        case 'else':
          return this.#else();
        case 'end':
          this.#expect('right-delim', 'end');
          return 'end';
        case 'if':
        case 'range':
        case 'with':
          this.#control(word.text);
          return 'content';
        case 'template':
          return this.#templateCall();
        default:
          this.#next--;
      }
    }
    this.#pipeline('command', 'right-delim');
    return 'content';
  }

  #jump(word: string): 'content' {
    const token = this.#takeNonSpace();
    if (token.kind !== 'right-delim') this.#unexpected(token, `{{${word}}}`);
    if (this.#scope.rangeDepth === 0) this.#fail(`{{${word}}} outside {{range}}`);
    return 'content';
  }

  #else(): 'else' {
    const token = this.#peekNonSpace();
    if (!isKeyword(token, 'if') && !isKeyword(token, 'with')) this.#expect('right-delim', 'else');
    return 'else';
  }

  #control(context: 'if' | 'range' | 'with'): void {
    this.#nested(() => {
      const variables = this.#scope.size;
      this.#pipeline(context, 'right-delim');
      if (context === 'range') this.#scope.rangeDepth++;
      const { end } = this.#itemList();
      if (context === 'range') this.#scope.rangeDepth--;
      if (end === 'else') {
        const word = this.#peek();
        if (context !== 'range' && isKeyword(word, context)) {
          this.#take();
          this.#control(context);
        } else if (this.#itemList().end !== 'end') {
          this.#fail('expected end; found {{else}}');
        }
      }
      this.#scope.dropTo(variables);
    });
  }

  #block(): 'content' {
    const context = 'block clause';
    const token = this.#takeNonSpace();
    const name = this.#templateName(token, context);
    this.#pipeline(context, 'right-delim');
    this.#body(name, token, context);
    this.#called.push({ name, token });
    return 'content';
  }

  #templateCall(): 'content' {
    const context = 'template clause';
    const token = this.#takeNonSpace();
    const name = this.#templateName(token, context);
    this.#called.push({ name, token });
    if (this.#takeNonSpace().kind !== 'right-delim') {
      this.#next--;
      this.#pipeline(context, 'right-delim');
    }
    return 'content';
  }

  #templateName(token: Token, context: string): string {
    if (token.kind !== 'string' && token.kind !== 'raw-string') this.#unexpected(token, context);
    return this.#unquoted(token);
  }

  #unquoted(token: Token): string {
    return unquoteGoString(token.text) ?? this.#fail('invalid syntax');
  }

  #pipeline(context: string, end: 'right-delim' | 'right-paren'): Pipeline {
    this.#declarations(context);
    const commands: Command[] = [];
    for (;;) {
      const token = this.#takeNonSpace();
      if (token.kind === end) break;
      if (!operandKinds.has(token.kind) && !isKeyword(token, 'nil')) this.#unexpected(token, context);
      this.#next--;
      commands.push(this.#command());
    }
    if (commands.length === 0) this.#fail(`missing value for ${context}`);
    for (const [index, command] of commands.entries()) {
      const first = command.operands[0]!;
      if (index > 0 && (first.kind === 'constant' || first.kind === 'string')) {
        this.#fail(`non executable command in pipeline stage ${index + 1}`);
      }
    }
    const pipeline = { commands };
    this.#pipelines.push(pipeline);
    return pipeline;
  }

  /** `$x :=`, `$x =`, and `$i, $x :=` of a range. */
  #declarations(context: string): void {
    for (let count = 1; this.#peekNonSpace().kind === 'variable'; count++) {
      const mark = this.#next;
      const variable = this.#take();
      const token = this.#peekNonSpace();
      if (token.kind === 'assign' || token.kind === 'declare') {
        this.#take();
        this.#scope.declare(variable.text);
        return;
      }
      if (token.kind !== 'char' || token.text !== ',') {
        this.#next = mark;
        return;
      }
      this.#take();
      this.#scope.declare(variable.text);
      if (context !== 'range' || count > 1) this.#fail(`too many declarations in ${context}`);
      const { kind } = this.#peekNonSpace();
      if (kind !== 'variable' && kind !== 'right-delim' && kind !== 'right-paren') {
        this.#fail('range can only initialize variables');
      }
    }
  }

  #command(): Command {
    const operands: Operand[] = [];
    for (;;) {
      this.#peekNonSpace();
      const operand = this.#operand();
      if (operand !== undefined) operands.push(operand);
      const token = this.#take();
      if (token.kind === 'space') continue;
      if (token.kind === 'right-delim' || token.kind === 'right-paren') this.#next--;
      else if (token.kind !== 'pipe') this.#unexpected(token, 'operand');
      break;
    }
    if (operands.length === 0) this.#fail('empty command');
    return { operands };
  }

  #operand(): Operand | undefined {
    const operand = this.#term();
    if (operand === undefined || this.#peek().kind !== 'field') return operand;
    while (this.#peek().kind === 'field') this.#take();
    if (operand.kind === 'constant' || operand.kind === 'string') {
      this.#fail(`unexpected . after term ${goQuote(operand.token.text)}`);
    }
    if (operand.kind === 'identifier') this.#pipelines.push({ commands: [{ operands: [operand] }] });
    return { kind: 'value', token: operand.token };
  }

  #term(): Operand | undefined {
    const token = this.#takeNonSpace();
    switch (token.kind) {
      case 'identifier':
        if (!this.#context.hasFunction(token.text)) this.#fail(`function ${goQuote(token.text)} not defined`);
        return { kind: 'identifier', name: token.text, token };
      case 'variable': {
        if (!this.#scope.has(token.text)) this.#fail(`undefined variable ${goQuote(token.text)}`);
        return { kind: 'value', token };
      }
      case 'field':
        return { kind: 'value', token };
      case 'dot':
      case 'bool':
        return { kind: 'constant', token };
      case 'char-constant':
      case 'complex':
      case 'number':
        return this.#numberTerm(token);
      case 'left-paren':
        return {
          kind: 'pipeline',
          pipeline: this.#nested(() => this.#pipeline('parenthesized pipeline', 'right-paren')),
          token,
        };
      case 'string':
      case 'raw-string':
        return { kind: 'string', value: this.#unquoted(token), token };
      default:
        if (isKeyword(token, 'nil')) return { kind: 'constant', token };
        this.#next--;
        return undefined;
    }
  }

  #numberTerm(token: Token): Operand {
    const checks = { 'char-constant': charConstantFault, complex: complexFault, number: numberFault };
    const fault = checks[token.kind as keyof typeof checks](token.text);
    if (fault !== undefined) this.#fail(fault);
    return { kind: 'constant', token };
  }
}

function isKeyword(token: Token, word: string): boolean {
  return token.kind === 'keyword' && token.text === word;
}
