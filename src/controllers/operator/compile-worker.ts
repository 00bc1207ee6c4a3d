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
  readonly object: Pick<AlertRuleSet, 'metadata' | 'spec'>;
  readonly dialect: RuleDialect;
}

export interface CompileAnswer {
  /** Of the request. */
  readonly id: number;
  readonly compiled: CompiledRuleSet;
}

parentPort?.on('message', ({ id, object, dialect }: CompileRequest) => {
  const answer: CompileAnswer = { id, compiled: compileSafely(object, dialect) };
  parentPort?.postMessage(answer);
});
