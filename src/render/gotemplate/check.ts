import { RE2JS } from 're2js';
import { limits } from '../../base/limits.ts';
import { goQuote } from '../../storage-engine/promql/syntax/go-format.ts';
import { linePosition } from '../../storage-engine/promql/syntax/position.ts';
import { type FunctionTable, functionsOf, type TemplateFlavour, variablesOf } from './functions.ts';
import {
  type Command,
  type Operand,
  type ParsedTemplate,
  type Pipeline,
  parseTemplate,
  type TemplateName,
  TemplateSyntaxError,
} from './parser.ts';
import type { Token } from './tokens.ts';

export type { TemplateFlavour } from './functions.ts';

/** Something wrong with a template. */
export interface TemplateFault {
  /** In Go's words, without Go's `template: name:line:` before it. */
  readonly message: string;
  /** From 1. Of a syntax error: the line Go reports, that of the last token read. */
  readonly line: number;
  /** From 1, in UTF-8 bytes. */
  readonly column: number;
  /** The text does not parse: the file that holds it cannot be loaded. Else it loads, and fails when it runs. */
  readonly fatal: boolean;
}

export interface TemplateCheckOptions {
  readonly flavour: TemplateFlavour;
  /** Of the server that loads the template, like `3.5.3` or `0.33.1`. Default: the newest known. */
  readonly version?: string;
  /** In place of the flavour's functions. */
  readonly functions?: FunctionTable;
  /** Names of templates from elsewhere that may be called; absent: calls are not checked. */
  readonly templates?: readonly string[];
}

/** The faults of a template: one fatal one, or any number that show only when it runs. Bounded in size and depth. */
export function checkTemplate(text: string, options: TemplateCheckOptions): readonly TemplateFault[] {
  if (Buffer.byteLength(text) > limits.templateTextBytes) {
    const message = `template longer than ${limits.templateTextBytes} bytes`;
    return [{ message, line: 1, column: 1, fatal: true }];
  }
  const functions = options.functions ?? functionsOf(options.flavour, options.version);
  try {
    const parsed = parseTemplate(text, {
      hasFunction: (name) => functions.has(name),
      variables: variablesOf(options.flavour),
    });
    return runtimeFaults(text, parsed, functions, options.templates);
  } catch (error) {
    if (!(error instanceof TemplateSyntaxError)) throw error;
    return [faultAt(text, error.token, error.message, true)];
  }
}

/** The names a text defines and calls, with the place of each quoted name, so that they can be rewritten. */
export interface TemplateNames {
  readonly defined: readonly TemplateReference[];
  readonly called: readonly TemplateReference[];
}

/** A template's name, and the UTF-16 range of its quoted form in the text. */
export interface TemplateReference {
  readonly name: string;
  readonly start: number;
  readonly end: number;
}

/** Names in a text that `checkTemplate` finds no fatal fault in; of another text: none. */
export function templateNames(text: string, options: TemplateCheckOptions): TemplateNames {
  const functions = options.functions ?? functionsOf(options.flavour, options.version);
  try {
    const parsed = parseTemplate(text, {
      hasFunction: (name) => functions.has(name),
      variables: variablesOf(options.flavour),
    });
    return { defined: parsed.defined.map(referenceOf), called: parsed.called.map(referenceOf) };
  } catch (error) {
    if (!(error instanceof TemplateSyntaxError)) throw error;
    return { defined: [], called: [] };
  }
}

function referenceOf({ name, token }: TemplateName): TemplateReference {
  return { name, start: token.start, end: token.start + token.text.length };
}

function faultAt(text: string, token: Token, message: string, fatal: boolean): TemplateFault {
  const [line = 1, column = 1] = linePosition(text, token.start).split(':').map(Number);
  return { message, line, column, fatal };
}

function runtimeFaults(
  text: string,
  parsed: ParsedTemplate,
  functions: FunctionTable,
  templates: readonly string[] | undefined,
): TemplateFault[] {
  const faults: TemplateFault[] = [];
  const report: Report = (token, message) => {
    if (faults.length < limits.objectFaults) faults.push(faultAt(text, token, message, false));
  };
  for (const pipeline of parsed.pipelines) checkPipeline(pipeline, functions, report);
  if (templates !== undefined) {
    const known = new Set([...templates, ...parsed.defined.map(({ name }) => name)]);
    for (const { name, token } of parsed.called) {
      if (!known.has(name)) report(token, `template ${goQuote(name)} not defined`);
    }
  }
  return faults.sort((a, b) => a.line - b.line || a.column - b.column);
}

type Report = (token: Token, message: string) => void;

function checkPipeline(pipeline: Pipeline, functions: FunctionTable, report: Report): void {
  for (const [index, command] of pipeline.commands.entries()) {
    checkCommand(command, index > 0, functions, report);
  }
}

function checkCommand(command: Command, isPiped: boolean, functions: FunctionTable, report: Report): void {
  const [first, ...args] = command.operands;
  if (first?.kind === 'identifier')
    checkCall(first, args, args.length + (isPiped ? 1 : 0), functions, report);
  else if (first !== undefined && first.kind !== 'value' && args.length > 0) {
    report(first.token, `can't give argument to non-function ${first.token.text}`);
  }
  // A function's name among the arguments is a call without arguments.
  for (const arg of args) if (arg.kind === 'identifier') checkCall(arg, [], 0, functions, report);
}

function checkCall(
  callee: Operand & { kind: 'identifier' },
  args: readonly Operand[],
  count: number,
  functions: FunctionTable,
  report: Report,
): void {
  const signature = functions.get(callee.name);
  if (signature === undefined) return;
  const { min, max, pattern } = signature;
  if (max === min && count !== min) {
    report(callee.token, `wrong number of args for ${callee.name}: want ${min} got ${count}`);
  } else if (count < min || (max !== undefined && count > max)) {
    report(callee.token, `wrong number of args for ${callee.name}: want at least ${min} got ${count}`);
  }
  const regex = pattern === undefined ? undefined : args[pattern];
  if (regex?.kind !== 'string') return;
  try {
    RE2JS.compile(regex.value);
  } catch (error) {
    report(regex.token, `error calling ${callee.name}: ${error instanceof Error ? error.message : error}`);
  }
}
