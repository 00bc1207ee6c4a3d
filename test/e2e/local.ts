import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, readlinkSync, rmSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { eventually } from '../support/eventually.ts';
import { realProgram } from '../support/programs.ts';

export const root = join(import.meta.dirname, '..', '..');
const run = promisify(execFile);

/** One `promfleet local up`, started as a user does. */
export interface Up {
  readonly output: () => string;
  readonly pid: number;
  /** Exit code once it has ended. */
  readonly ended: Promise<number | null>;
  interrupt(): void;
  kill(): void;
}

function watched(child: ChildProcess): Omit<Up, 'interrupt'> {
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream?.on('data', (part: Buffer) => {
      output += part.toString('utf8');
    });
  }
  return {
    output: () => output,
    pid: child.pid ?? 0,
    ended: new Promise((resolve) => child.on('exit', (code) => resolve(code))),
    kill: () => signal(child, 'SIGKILL'),
  };
}

/** A state folder of its own, and the commands on it. */
export class LocalControlPlane {
  readonly stateDir: string;
  readonly kubeconfig: string;
  #kubectl = '';

  constructor(name: string) {
    this.stateDir = join(root, '.test-results', `local-${name}-${process.pid}`);
    this.kubeconfig = join(this.stateDir, 'kubeconfig');
  }

  async prepare(): Promise<void> {
    rmSync(this.stateDir, { recursive: true, force: true });
    mkdirSync(this.stateDir, { recursive: true });
    mkdirSync(join(root, '.promfleet', 'programs'), { recursive: true });
    // Programs are shared with the project: a test run downloads nothing twice.
    symlinkSync(join(root, '.promfleet', 'programs'), join(this.stateDir, 'programs'));
    this.#kubectl = await realProgram('kubectl');
    await run(join(root, 'bin', 'promfleet'), ['--version']);
  }

  up(manifests: string, more: readonly string[] = []): Up {
    const args = ['local', 'up', '-f', manifests, '--state-dir', this.stateDir, ...more];
    const child = spawn(join(root, 'bin', 'promfleet'), args, {
      cwd: root,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    return { ...watched(child), interrupt: () => signal(child, 'SIGINT') };
  }

  /** The same in a terminal (`script` of util-linux): interrupted by the key, closed by `kill`. */
  upInTerminal(manifests: string): Up {
    const command = [join(root, 'bin', 'promfleet'), 'local', 'up', '-f', manifests];
    const line = [...command, '--state-dir', this.stateDir].map((word) => `'${word}'`).join(' ');
    const child = spawn('script', ['--quiet', '--return', '--command', line, '/dev/null'], {
      cwd: root,
      stdio: ['pipe', 'pipe', 'pipe'],
    });
    return { ...watched(child), interrupt: () => void child.stdin.write('\u0003') };
  }

  async untilReady(up: Up, timeoutMs = 120_000): Promise<void> {
    let code: number | null | undefined;
    void up.ended.then((ended) => {
      code = ended;
    });
    await eventually(
      `"ready" in the output of local up`,
      () => {
        if (code !== undefined) return 'ended';
        return /^ready after/m.test(up.output()) ? 'ready' : undefined;
      },
      timeoutMs,
    ).catch((error: Error) => {
      throw new Error(`${error.message}\n${up.output()}`);
    });
    if (code !== undefined) throw new Error(`local up ended with ${code}:\n${up.output()}`);
  }

  async cli(...args: readonly string[]): Promise<string> {
    const result = await run(join(root, 'bin', 'promfleet'), [...args, '--state-dir', this.stateDir], {
      cwd: root,
    });
    return result.stdout;
  }

  /** What `promfleet status` prints, whether everything is ready or not. */
  async status(): Promise<string> {
    const args = ['status', '--kubeconfig', this.kubeconfig];
    return run(join(root, 'bin', 'promfleet'), args, { cwd: root }).then(
      ({ stdout }) => stdout,
      (error: { readonly stdout?: string }) => error.stdout ?? '',
    );
  }

  async kubectl(...args: readonly string[]): Promise<string> {
    const result = await run(this.#kubectl, ['--kubeconfig', this.kubeconfig, ...args], {
      maxBuffer: 64 * 1024 * 1024,
    });
    return result.stdout;
  }

  /** `kubectl apply --server-side` of one object. */
  async apply(object: object): Promise<void> {
    const child = spawn(
      this.#kubectl,
      ['--kubeconfig', this.kubeconfig, 'apply', '--server-side', '-f', '-'],
      {
        stdio: ['pipe', 'ignore', 'pipe'],
      },
    );
    let faults = '';
    child.stderr.on('data', (part: Buffer) => {
      faults += part.toString('utf8');
    });
    child.stdin.end(JSON.stringify(object));
    const code = await new Promise((resolve) => child.on('close', resolve));
    if (code !== 0) throw new Error(faults);
  }

  async get<T>(...args: readonly string[]): Promise<T> {
    return JSON.parse(await this.kubectl('get', ...args, '-o', 'json')) as T;
  }

  /** Process of a container, as the node recorded it. */
  containerPid(pod: string, container: string): number {
    const pods = join(this.stateDir, 'node', 'pods');
    const folder = readdirSync(pods).find((name) => name.includes(`_${pod}_`));
    const record = JSON.parse(
      readFileSync(join(pods, folder ?? '', 'containers', container, 'container.json'), 'utf8'),
    ) as { run: { pid: number } | null };
    if (record.run === null) throw new Error(`${pod}/${container} does not run`);
    return record.run.pid;
  }

  partPid(part: string): number {
    const record = JSON.parse(readFileSync(join(this.stateDir, 'system', `${part}.json`), 'utf8')) as {
      pid: number;
    };
    return record.pid;
  }

  /** Every process that belongs to this state folder: containers and parts. */
  processes(): readonly number[] {
    const markers = [
      `PROMFLEET_LOCAL_NODE=${join(this.stateDir, 'node')}`,
      `PROMFLEET_LOCAL_PART=${this.stateDir}`,
    ];
    return readdirSync('/proc')
      .filter((name) => /^\d+$/.test(name))
      .map(Number)
      .filter((pid) => {
        try {
          const environment = readFileSync(`/proc/${pid}/environ`, 'utf8').split('\0');
          return markers.some((marker) => environment.includes(marker));
        } catch {
          return false;
        }
      });
  }

  async remove(): Promise<void> {
    if (existsSync(this.stateDir)) await this.cli('local', 'down').catch(() => undefined);
    rmSync(this.stateDir, { recursive: true, force: true });
  }
}

function signal(child: ChildProcess, name: 'SIGINT' | 'SIGKILL'): void {
  child.kill(name);
}

export function isRunning(pid: number): boolean {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'utf8');
    return text.slice(text.lastIndexOf(')') + 2, text.lastIndexOf(')') + 3) !== 'Z';
  } catch {
    return false;
  }
}

/** Addresses on which processes listen (TCP) or are bound (UDP), from proc(5): net/tcp, net/udp and their v6 twins. */
export function listenAddresses(pids: readonly number[]): readonly string[] {
  const inodes = new Set<string>();
  for (const pid of pids) {
    try {
      for (const fd of readdirSync(`/proc/${pid}/fd`)) {
        const inode = /^socket:\[(\d+)\]$/.exec(readlinkSync(`/proc/${pid}/fd/${fd}`))?.[1];
        if (inode !== undefined) inodes.add(inode);
      }
    } catch {
      // Ended, or a descriptor closed, while we looked.
    }
  }
  const found = new Set<string>();
  for (const table of ['tcp', 'tcp6', 'udp', 'udp6']) {
    for (const line of readFileSync(`/proc/net/${table}`, 'utf8').split('\n').slice(1)) {
      const fields = line.trim().split(/\s+/);
      const [, local = '', , state = ''] = fields;
      const listening = table.startsWith('tcp') ? state === '0A' : state === '07';
      if (!listening || !inodes.has(fields[9] ?? '')) continue;
      const hex = local.split(':')[0] ?? '';
      found.add(
        hex.length === 8
          ? hex
              .match(/../g)!
              .reverse()
              .map((byte) => Number.parseInt(byte, 16))
              .join('.')
          : hex,
      );
    }
  }
  return [...found];
}

export interface PodList {
  readonly items: readonly {
    readonly metadata: { readonly name: string; readonly namespace: string };
    readonly status: {
      readonly podIP?: string;
      readonly containerStatuses?: readonly {
        readonly name: string;
        readonly restartCount: number;
        readonly ready: boolean;
      }[];
      readonly initContainerStatuses?: readonly {
        readonly name: string;
        readonly restartCount: number;
        readonly ready: boolean;
      }[];
    };
  }[];
}

export interface Conditioned {
  readonly metadata: { readonly generation: number };
  readonly status?: {
    readonly observedGeneration?: number;
    readonly conditions?: readonly {
      readonly type: string;
      readonly status: string;
      readonly message?: string;
    }[];
  };
}

/** True when the object's Ready condition speaks of its present generation. */
export function isReadyNow(object: Conditioned): boolean {
  const { conditions = [], observedGeneration = 0 } = object.status ?? {};
  const ready = conditions.find((condition) => condition.type === 'Ready');
  return ready?.status === 'True' && observedGeneration >= object.metadata.generation;
}

export async function getJson<T>(url: string): Promise<T> {
  const response = await fetch(url, { signal: AbortSignal.timeout(5_000) });
  if (!response.ok) throw new Error(`${url} answers HTTP ${response.status}`);
  return (await response.json()) as T;
}
