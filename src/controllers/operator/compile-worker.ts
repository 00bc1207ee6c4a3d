import { parentPort } from 'node:worker_threads';
import type { AlertRuleSet } from '../../crds/alert-rule-set.ts';
import { compileRuleSet, type RuleDialect } from '../../reconcilers/alert-rule-set/compile.ts';

/** One rule set to compile. */
export interface CompileRequest {
  readonly id: number;
  readonly object: Pick<AlertRuleSet, 'metadata' | 'spec'>;
  readonly dialect: RuleDialect;
}

parentPort?.on('message', ({ id, object, dialect }: CompileRequest) => {
  parentPort?.postMessage({ id, compiled: compileRuleSet(object, dialect) });
});
