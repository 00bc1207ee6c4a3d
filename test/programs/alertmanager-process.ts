import { type ChildProcess, spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { freePort } from '../support/free-port.ts';
import { realProgram } from '../support/programs.ts';

export interface AlertmanagerOptions {
  readonly config: string;
  /** Further files beside the configuration, by relative path. */
  readonly files?: Readonly<Record<string, string>>;
  readonly port?: number;
  /** Absent: no cluster. */
  readonly cluster?: { readonly port: number; readonly peers: readonly string[] };
  readonly args?: readonly string[];
}

/** A real Alertmanager on 127.0.0.1 with its own folder; ended when it is disposed of. */
export class AlertmanagerProcess implements AsyncDisposable {
  readonly url: string;
  readonly folder: string;
  readonly #program: string;
  readonly #args: readonly string[];
  #child: ChildProcess | undefined;
  #output = '';

  private constructor(program: string, folder: string, port: number, options: AlertmanagerOptions) {
    this.#program = program;
    this.folder = folder;
    this.url = `http://127.0.0.1:${port}`;
    const { cluster } = options;
    this.#args = [
      `--config.file=${join(folder, 'alertmanager.yaml')}`,
      `--storage.path=${join(folder, 'data')}`,
      `--web.listen-address=127.0.0.1:${port}`,
      `--cluster.listen-address=${cluster === undefined ? '' : `127.0.0.1:${cluster.port}`}`,
      ...(cluster?.peers ?? []).map((peer) => `--cluster.peer=${peer}`),
      ...(options.args ?? []),
    ];
  }

  static async start(options: AlertmanagerOptions): Promise<AlertmanagerProcess> {
    const folder = mkdtempSync(join(tmpdir(), 'promfleet-alertmanager-'));
    const files = { 'alertmanager.yaml': options.config, ...options.files };
    for (const [path, content] of Object.entries(files)) {
      mkdirSync(dirname(join(folder, path)), { recursive: true });
      writeFileSync(join(folder, path), content);
    }
    const program = await realProgram('alertmanager');
    const server = new AlertmanagerProcess(program, folder, options.port ?? (await freePort()), options);
    await server.resume();
    return server;
  }

  get output(): string {
    return this.#output;
  }

  async resume(): Promise<void> {
    const child = spawn(this.#program, [...this.#args], {
      cwd: this.folder,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    this.#child = child;
    for (const stream of [child.stdout, child.stderr]) {
      stream?.on('data', (chunk: Buffer) => {
        this.#output = (this.#output + chunk.toString()).slice(-20_000);
      });
    }
    if (!(await this.ready())) throw new Error(`alertmanager does not start: ${this.#output}`);
  }

  async ready(): Promise<boolean> {
    for (let attempt = 0; attempt < 200; attempt++) {
      if (this.#child?.exitCode !== null) return false;
      const answer = await fetch(`${this.url}/-/ready`).catch(() => undefined);
      if (answer?.ok === true) return true;
      await sleep(100);
    }
    return false;
  }

  async json(path: string): Promise<unknown> {
    return (await fetch(this.url + path)).json();
  }

  /** Ends the process as a crash does, and waits until it is gone. */
  async kill(): Promise<void> {
    const child = this.#child;
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
    const gone = new Promise((resolve) => child.once('exit', resolve));
    child.kill('SIGKILL');
    await gone;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.kill();
    rmSync(this.folder, { recursive: true, force: true });
  }
}
