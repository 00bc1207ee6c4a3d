import type { AlertRuleSet, AlertRuleSetSpec, AlertRuleSetStatus } from '../../crds/alert-rule-set.ts';
import type { ObjectMeta } from '../../crds/metadata.ts';

/**
 * A rule set as it is kept in the cache: spec and status as JSON text, read when asked for. Thousands of sets are cached
 * for the one that changes: texts take less than half of what objects take. What nobody reads is dropped.
 */
export class CompactRuleSet implements AlertRuleSet {
  readonly apiVersion = 'promfleet.dev/v1alpha1';
  readonly kind = 'AlertRuleSet';
  readonly metadata: ObjectMeta;
  /** The spec as JSON. */
  readonly specText: string;
  readonly #suspend: boolean | undefined;
  readonly #status: string | undefined;

  constructor({ metadata, spec, status }: AlertRuleSet) {
    const {
      annotations: _,
      managedFields: __,
      ...kept
    } = metadata as ObjectMeta & { managedFields?: unknown };
    this.metadata = kept;
    this.specText = JSON.stringify(spec);
    this.#suspend = spec?.suspend;
    this.#status = status === undefined ? undefined : JSON.stringify(status);
  }

  /** Whether it is suspended, which is asked for most often, is known without reading the text. */
  get spec(): AlertRuleSetSpec {
    const text = this.specText;
    return {
      ...(this.#suspend === undefined ? {} : { suspend: this.#suspend }),
      get groups() {
        return (JSON.parse(text) as AlertRuleSetSpec).groups;
      },
    };
  }

  // Not declared as optional in the class: a getter that gives undefined is the same to every reader.
  get status(): AlertRuleSetStatus {
    return (this.#status === undefined ? undefined : JSON.parse(this.#status)) as AlertRuleSetStatus;
  }
}
