/** Failing rules, damped: a rule counts as failing or well again only after a while in the new state. */
import { limits } from '../../base/limits.ts';
import type { RuleHealthFault } from '../../render/bundle/report.ts';

interface Seen {
  readonly fault: RuleHealthFault;
  readonly failing: boolean;
  /** Since when the newest observations differ from `reported`; undefined while they agree. */
  readonly changedAtMs: number | undefined;
  readonly reported: boolean;
}

export class RuleHealth {
  readonly #rules = new Map<string, Seen>();

  /** Takes one look at the rules of `paths`; `faults` are those that fail. `nowMs` is monotonic. */
  observe(paths: ReadonlySet<string>, faults: readonly RuleHealthFault[], nowMs: number): void {
    const failing = new Map(faults.map((fault) => [keyOf(fault), fault]));
    for (const [key, fault] of failing) {
      const before = this.#rules.get(key);
      this.#update(key, before?.fault ?? fault, true, before?.reported ?? false, before?.changedAtMs, nowMs);
    }
    for (const [key, before] of this.#rules) {
      if (!failing.has(key) && paths.has(before.fault.path)) {
        this.#update(key, before.fault, false, before.reported, before.changedAtMs, nowMs);
      }
    }
  }

  /** Forgets rules of files that are gone. */
  keepOnly(paths: ReadonlyMap<string, unknown>): void {
    for (const [key, { fault }] of this.#rules) if (!paths.has(fault.path)) this.#rules.delete(key);
  }

  get faults(): readonly RuleHealthFault[] {
    return [...this.#rules.values()].filter(({ reported }) => reported).map(({ fault }) => fault);
  }

  #update(
    key: string,
    fault: RuleHealthFault,
    failing: boolean,
    reported: boolean,
    changedAtMs: number | undefined,
    nowMs: number,
  ): void {
    if (failing === reported) {
      if (failing) this.#rules.set(key, { fault, failing, changedAtMs: undefined, reported });
      else this.#rules.delete(key);
      return;
    }
    const sinceMs = changedAtMs ?? nowMs;
    if (nowMs - sinceMs < limits.ruleHealthDampingMs) {
      this.#rules.set(key, { fault, failing, changedAtMs: sinceMs, reported });
    } else if (failing) {
      this.#rules.set(key, { fault, failing, changedAtMs: undefined, reported: true });
    } else {
      this.#rules.delete(key);
    }
  }
}

function keyOf(fault: RuleHealthFault): string {
  return `${fault.path}\0${fault.group}\0${fault.rule}`;
}
