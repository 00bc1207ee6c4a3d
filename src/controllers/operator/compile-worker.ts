import { parentPort } from 'node:worker_threads';
import type { AlertRuleSet } from '../../crds/alert-rule-set.ts';
import {
  type CompiledRuleSet,
  compileSafely,
  type RuleDialect,
} from '../../reconcilers/alert-rule-set/compile.ts';

/** One rule set to compile. */
export interface CompileRequest {
  readonly id: number;
  readonly metadata: AlertRuleSet['metadata'];
  /** The spec as JSON: a text is passed on quicker than what it says. */
  readonly spec: string;
  readonly dialect: RuleDialect;
}

export interface CompileAnswer {
  /** Of the request. */
  readonly id: number;
  readonly compiled: CompiledRuleSet;
}

parentPort?.on('message', ({ id, metadata, spec, dialect }: CompileRequest) => {
  const object = { metadata, spec: JSON.parse(spec) as AlertRuleSet['spec'] };
  const answer: CompileAnswer = { id, compiled: compileSafely(object, dialect) };
  parentPort?.postMessage(answer);
});
