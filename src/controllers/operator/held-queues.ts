export interface Queues {
  stack(key: string, delayMs?: number): void;
  ruleSet(key: string): void;
  route(key: string): void;
  silence(key: string): void;
  policy(key: string): void;
}

type Name = keyof Queues;

/** Queues whose keys wait until `release`: work on some of them must not begin before everything is known. */
export class HeldQueues implements Queues {
  readonly #queues: Queues;
  #held: Map<Name, Set<string>> | undefined = new Map();

  constructor(queues: Queues) {
    this.#queues = queues;
  }

  stack(key: string, delayMs?: number): void {
    if (!this.#hold('stack', key)) this.#queues.stack(key, delayMs);
  }

  ruleSet(key: string): void {
    if (!this.#hold('ruleSet', key)) this.#queues.ruleSet(key);
  }

  route(key: string): void {
    if (!this.#hold('route', key)) this.#queues.route(key);
  }

  silence(key: string): void {
    if (!this.#hold('silence', key)) this.#queues.silence(key);
  }

  policy(key: string): void {
    if (!this.#hold('policy', key)) this.#queues.policy(key);
  }

  /** From now on keys are passed on at once; returns those that waited, as calls that pass them on. */
  release(): readonly (() => void)[] {
    const held = [...(this.#held ?? [])];
    this.#held = undefined;
    return held.flatMap(([name, keys]) => [...keys].map((key) => () => this.#queues[name](key)));
  }

  #hold(name: Name, key: string): boolean {
    if (this.#held === undefined) return false;
    const keys = this.#held.get(name);
    if (keys === undefined) this.#held.set(name, new Set([key]));
    else keys.add(key);
    return true;
  }
}
