import { createHmac, randomBytes } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { compare, truncates } from 'bcryptjs';
import { LRUCache } from 'lru-cache';
import type { Clock } from '../base/clock.ts';
import { CodedError } from '../base/errors.ts';
import { limits } from '../base/limits.ts';

/** A hash that no password has, of the usual cost: an unknown user takes as long as a known one. */
const nobody = '$2b$10$uWH1yHmDEsqGvCwo./sQs.8vN7p67wLUdQH/4Yzgl5khj6HDtlX5e';

/** Users and their bcrypt hashes of a text of lines `user:hash`. Throws AccessFileInvalid, which quotes nothing. */
export function parseUsers(text: string, shown: string): ReadonlyMap<string, string> {
  const users = new Map<string, string>();
  for (const [position, line] of text.split(/\r?\n/).entries()) {
    if (line.trim() === '' || line.startsWith('#')) continue;
    const colon = line.indexOf(':');
    const hash = line.slice(colon + 1).trim();
    const isHash = /^\$2[aby]\$(0[4-9]|1[0-4])\$[./A-Za-z0-9]{53}$/.test(hash);
    if (colon < 1 || !isHash || users.size >= limits.basicUsers)
      throw new CodedError('AccessFileInvalid', `${shown}: line ${position + 1} is no user:bcrypt-hash`);
    users.set(line.slice(0, colon), hash);
  }
  return users;
}

/**
 * Users of a file, which is read again when it is older than `limits.tlsFilesPollMs`. A hash takes some 60 ms of CPU, so
 * only a few are worked out at once, more than a queue of them are refused, and what was right is remembered by a keyed
 * digest.
 */
export class BasicUsers {
  readonly #path: string;
  readonly #clock: Clock;
  readonly #right = new LRUCache<string, true>({ max: limits.basicUsers });
  readonly #secret = randomBytes(32);
  #users: ReadonlyMap<string, string> = new Map();
  #readAtMs: number | undefined;
  #waiting = 0;
  #turn: Promise<unknown> = Promise.resolve();

  private constructor(path: string, clock: Clock) {
    this.#path = path;
    this.#clock = clock;
  }

  /** Throws AccessFileInvalid. */
  static async open(path: string, clock: Clock): Promise<BasicUsers> {
    const users = new BasicUsers(path, clock);
    users.#users = await users.#read();
    users.#readAtMs = clock.monotonicMs();
    return users;
  }

  /** Whether these belong together. */
  async check(user: string, password: string): Promise<boolean> {
    await this.#freshen();
    if (password === '' || truncates(password)) return false;
    const hash = this.#users.get(user) ?? nobody;
    const digest = createHmac('sha256', this.#secret)
      .update(`${hash}\n${user}\n${password}`)
      .digest('base64');
    if (this.#right.has(digest)) return true;
    if (this.#waiting >= limits.basicUsersQueue) return false;
    this.#waiting++;
    const turn = this.#turn.then(() => compare(password, hash));
    this.#turn = turn.catch(() => {});
    try {
      const right = (await turn) && hash !== nobody;
      if (right) this.#right.set(digest, true);
      return right;
    } finally {
      this.#waiting--;
    }
  }

  async #freshen(): Promise<void> {
    const nowMs = this.#clock.monotonicMs();
    if (this.#readAtMs !== undefined && nowMs - this.#readAtMs < limits.tlsFilesPollMs) return;
    this.#readAtMs = nowMs;
    // A file that cannot be read now leaves the users as they were.
    this.#users = await this.#read().catch(() => this.#users);
  }

  async #read(): Promise<ReadonlyMap<string, string>> {
    const text = await readFile(this.#path, 'utf8').catch(() => {
      throw new CodedError('AccessFileInvalid', `${this.#path} cannot be read`);
    });
    return parseUsers(text, this.#path);
  }
}
