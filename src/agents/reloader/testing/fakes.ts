/** Doubles for the reloader's tests: a disk and a server that can be killed between any two steps. */
import type { Clock } from '../../../base/clock.ts';
import { encodeIndex, type IndexSlot } from '../../../render/bundle/bundle-index.ts';
import { encodeSlot } from '../../../render/bundle/slot.ts';
import type { BundleSource, Files, ManagedServer, ReloadAnswer, ReportStore } from '../ports.ts';

export class Killed extends Error {}

/** Counts steps; the one with the given number kills the process: it and everything after it fails. */
export class Fuse {
  steps = 0;
  readonly #killAt: number;
  readonly #killed = new AbortController();

  constructor(killAt: number) {
    this.#killAt = killAt;
  }

  get signal(): AbortSignal {
    return this.#killed.signal;
  }

  /** True when this very step is the one that is cut short. */
  step(): boolean {
    if (this.#killed.signal.aborted) throw new Killed();
    if (++this.steps !== this.#killAt) return false;
    this.#killed.abort(new Killed());
    return true;
  }
}

/** Names of one disk; contents are shared by hard links. */
export class Disk {
  readonly names = new Map<string, { text: string }>();

  files(fuse: Fuse): Files {
    const { names } = this;
    const act = async (run: () => void, cut: () => void = () => {}) => {
      await null;
      if (fuse.step()) {
        cut();
        throw new Killed();
      }
      run();
    };
    return {
      list: async () => [...names.keys()].sort(),
      read: async (path) => names.get(path)?.text,
      write: (path, text) =>
        act(
          () => names.set(path, { text }),
          () => names.set(path, { text: text.slice(0, text.length >> 1) }),
        ),
      rename: (from, to) =>
        act(() => {
          const node = names.get(from);
          if (node === undefined) throw new Error(`ENOENT: ${from}`);
          names.delete(from);
          names.set(to, node);
        }),
      link: (from, to) =>
        act(() => {
          const node = names.get(from);
          if (node === undefined) throw new Error(`ENOENT: ${from}`);
          names.set(to, node);
        }),
      remove: (path) => act(() => names.delete(path)),
    };
  }
}

/** Runs what lay on the disk when it started or last reloaded. Refuses files with `BAD` in them, or without an `end`. */
export class FakeServer {
  running = new Map<string, string>();
  up = true;
  versionText = '3.5.3';
  reloads = 0;
  readonly #disk: Disk;

  constructor(disk: Disk) {
    this.#disk = disk;
  }

  /** As a supervisor would: it starts only with files that it takes. */
  restart(): void {
    const found = this.#read();
    this.up = typeof found !== 'string';
    if (typeof found !== 'string') this.running = found;
  }

  reload(): ReloadAnswer {
    this.reloads++;
    const found = this.#read();
    if (typeof found === 'string') return { ok: false, error: `a file is refused: ${found}` };
    this.running = found;
    return { ok: true };
  }

  port(fuse: Fuse): ManagedServer {
    return {
      state: async () => {
        if (fuse.signal.aborted) throw new Killed();
        return this.up ? 'ready' : 'down';
      },
      version: async () => {
        this.#mustBeUp();
        return this.versionText;
      },
      reload: async () => {
        this.#mustBeUp();
        const cut = fuse.step();
        const answer = this.reload();
        if (cut) throw new Killed();
        return answer;
      },
      unconfirmed: async ({ put, removed }) => {
        this.#mustBeUp();
        fuse.step();
        return [
          ...put.filter((path) => !this.running.has(path)),
          ...removed.filter((path) => this.running.has(path)),
        ];
      },
      ruleFaults: async () => [],
    };
  }

  #mustBeUp(): void {
    if (!this.up) throw new Error('connection refused');
  }

  #read(): Map<string, string> | string {
    const found = new Map<string, string>();
    for (const [path, { text }] of this.#disk.names) {
      if (path.startsWith('.promfleet/')) continue;
      if (text.includes('BAD') || !text.endsWith('end')) return path;
      found.set(path, text);
    }
    return found.has('prometheus.yaml') ? found : 'prometheus.yaml';
  }
}

/** The API's side of one bundle. */
export class FakeApi {
  index: string | undefined;
  report: string | undefined;
  readonly slots = new Map<string, Uint8Array>();

  /** Writes slots, then the index, as the operator does. Slots by name, files by path. */
  publish(bundle: Readonly<Record<string, Readonly<Record<string, string>>>>): string {
    const slots: IndexSlot[] = [];
    for (const [name, files] of Object.entries(bundle)) {
      const encoded = encodeSlot(Object.entries(files).map(([path, content]) => ({ path, content })));
      this.slots.set(name, encoded.bytes);
      slots.push({ kind: 'ConfigMap', name, hash: encoded.hash });
    }
    this.index = encodeIndex({ slots });
    return this.index;
  }

  source(fuse: Fuse): BundleSource {
    return {
      readIndex: async () => {
        fuse.step();
        return this.index;
      },
      readSlot: async ({ name }) => {
        fuse.step();
        return this.slots.get(name);
      },
    };
  }

  reports(fuse: Fuse): ReportStore {
    return {
      read: async () => this.report,
      write: async (text) => {
        if (fuse.step()) throw new Killed();
        this.report = text;
      },
    };
  }
}

/** Time that passes as fast as it is slept through. */
export class FastClock implements Clock {
  #ms = 0;
  nowMs(): number {
    return this.#ms;
  }
  monotonicMs(): number {
    return this.#ms;
  }
  async sleep(delayMs: number, signal?: AbortSignal): Promise<void> {
    signal?.throwIfAborted();
    this.#ms += delayMs;
    await new Promise((resolve) => setImmediate(resolve));
    signal?.throwIfAborted();
  }
}
