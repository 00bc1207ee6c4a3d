import { type ChildProcess, execFile, spawn } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmdirSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { eventually } from '../../support/eventually.ts';

const run = promisify(execFile);

/** The link between this machine and the node. */
const link = {
  host: 'promfleet-host',
  hostAddress: '10.255.77.1',
  nodeAddress: '10.255.77.2',
  bits: 30,
} as const;
const cgroupFolder = '/sys/fs/cgroup';
/** The group below which the kubelet puts all pods. */
export const cgroupName = 'promfleet-cluster';

/**
 * A cluster's own process, mount and network namespaces. Whatever it starts, mounts and configures exists in them only and
 * ends with their first process: containers, bridges, iptables rules. The machine's own stay as they were. What is left
 * after that are empty control groups and the folder.
 */
export class Enclosure {
  /** Address of the node, which this machine reaches. */
  readonly address = link.nodeAddress;
  readonly #init: number;

  private constructor(init: number) {
    this.#init = init;
  }

  /** `holder` is the program that is process 1 inside. When `bound`, the enclosure ends with the calling process. */
  static async open(options: {
    readonly folder: string;
    readonly holder: string;
    readonly bound: boolean;
  }): Promise<Enclosure> {
    const { folder, holder, bound } = options;
    const child = spawn(
      'unshare',
      ['--net', '--mount', '--pid', '--fork', '--kill-child', '--', holder, ...(bound ? [] : ['--stay'])],
      { cwd: folder, detached: true, stdio: [bound ? 'pipe' : 'ignore', 'ignore', 'ignore'] },
    );
    child.unref();
    const init = await eventually('the first process', () => childOf(child.pid!));
    writeFileSync(join(folder, 'init.pid'), String(init));
    const enclosure = new Enclosure(init);
    await enclosure.#furnish(folder);
    return enclosure;
  }

  async #furnish(folder: string): Promise<void> {
    const inside = (program: string, ...args: readonly string[]) => run(...this.command(program, args));
    await inside('mount', '-t', 'proc', 'proc', '/proc');
    await inside('mount', '-t', 'tmpfs', 'tmpfs', '/run');
    for (const path of ['/var/lib', '/var/log']) {
      const own = join(folder, path.slice(1).replace('/', '-'));
      mkdirSync(own);
      await inside('mount', '--bind', own, path);
    }
    const { host, hostAddress, nodeAddress, bits } = link;
    await run('ip', [
      'link',
      'add',
      host,
      'type',
      'veth',
      'peer',
      'name',
      'eth0',
      'netns',
      String(this.#init),
    ]);
    await run('ip', ['address', 'add', `${hostAddress}/${bits}`, 'dev', host]);
    await run('ip', ['link', 'set', host, 'up']);
    await inside('ip', 'link', 'set', 'lo', 'up');
    await inside('ip', 'address', 'add', `${nodeAddress}/${bits}`, 'dev', 'eth0');
    await inside('ip', 'link', 'set', 'eth0', 'up');
    await inside('ip', 'route', 'add', 'default', 'via', hostAddress);
    for (const setting of ['net.ipv4.ip_forward', 'net.bridge.bridge-nf-call-iptables'])
      await inside('sh', '-c', `echo 1 > /proc/sys/${setting.replaceAll('.', '/')}`);
    for (const hierarchy of hierarchies()) {
      const group = join(hierarchy, cgroupName);
      mkdirSync(group, { recursive: true });
      // All pods together would else weigh as much as one process beside them.
      for (const [file, weight] of [
        ['cpu.shares', '12288'],
        ['cpu.weight', '1200'],
      ] as const)
        if (existsSync(join(group, file))) writeFileSync(join(group, file), weight);
    }
  }

  /** Program and arguments that run a program inside. */
  command(program: string, args: readonly string[]): [string, readonly string[]] {
    return ['nsenter', ['--target', String(this.#init), '--net', '--mount', '--pid', '--', program, ...args]];
  }

  spawn(program: string, args: readonly string[], options: Parameters<typeof spawn>[2]): ChildProcess {
    const [enter, all] = this.command(program, args);
    return spawn(enter, all, options);
  }
}

/** The program itself behind a process that `Enclosure.spawn` gave. */
export async function programOf(child: ChildProcess): Promise<number> {
  return await eventually('the program', () => childOf(child.pid!));
}

function childOf(pid: number): number | undefined {
  const text = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim();
  return text === '' ? undefined : Number(text.split(' ')[0]);
}

/** Ends an enclosure and everything in it; nothing where there is none. */
export async function closeEnclosure(folder: string): Promise<void> {
  const file = join(folder, 'init.pid');
  if (existsSync(file)) {
    const pid = Number(readFileSync(file, 'utf8'));
    // A process that does not work in our folder has only taken over the number.
    const isOurs = () => workingFolder(pid) === folder;
    if (isOurs()) process.kill(pid, 'SIGKILL');
    await eventually('the end of all processes', () => (isOurs() ? undefined : true));
  }
  for (const hierarchy of hierarchies()) {
    const group = join(hierarchy, cgroupName);
    if (existsSync(group))
      await eventually(`${group} to be empty`, () => {
        removeGroup(group);
        return true;
      });
  }
  await eventually('the link to go', async () => {
    const { stdout } = await run('ip', ['-brief', 'link']);
    return stdout.includes(link.host) ? undefined : true;
  });
}

function workingFolder(pid: number): string | undefined {
  try {
    return readlinkSync(`/proc/${pid}/cwd`);
  } catch {
    return undefined;
  }
}

/** One folder a controller with cgroup v1, one in all with v2. */
function hierarchies(): readonly string[] {
  if (existsSync(join(cgroupFolder, 'cgroup.controllers'))) return [cgroupFolder];
  return readdirSync(cgroupFolder, { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map(({ name }) => join(cgroupFolder, name));
}

function removeGroup(folder: string): void {
  for (const entry of readdirSync(folder, { withFileTypes: true }))
    if (entry.isDirectory()) removeGroup(join(folder, entry.name));
  rmdirSync(folder);
}
