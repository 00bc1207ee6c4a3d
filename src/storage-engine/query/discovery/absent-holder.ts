import { CodedError } from '../../../base/errors.ts';
import type { SeriesHolder } from '../source.ts';

/** Stands for a source that is expected and not there: every question to it fails by its name. */
export class AbsentHolder implements SeriesHolder {
  readonly name: string;
  readonly isAbsent = true;
  readonly #reason: string;

  constructor(name: string, reason: string) {
    this.name = name;
    this.#reason = reason;
  }

  #fail = async (): Promise<never> => {
    throw new CodedError('SourceFailed', `source ${this.name}: ${this.#reason}`);
  };

  select = this.#fail;
  selectTail = this.#fail;
  labelNames = this.#fail;
  labelValues = this.#fail;
  series = this.#fail;
  fromServer = this.#fail;
  check = this.#fail;
  describe = this.#fail;
  estimate = this.#fail;

  async close(): Promise<void> {}
}
