import { basename } from 'node:path';
import type { ProgramName } from '../../programs/catalogue.ts';
import type { Container } from '../types.ts';

/** A program of this machine that stands for a container image. */
export type ContainerProgram = ProgramName | 'promfleet';

const byName: Readonly<Record<string, ContainerProgram>> = {
  prometheus: 'prometheus',
  promtool: 'promtool',
  alertmanager: 'alertmanager',
  'prometheus-alertmanager': 'alertmanager',
  amtool: 'amtool',
  node_exporter: 'node_exporter',
  'node-exporter': 'node_exporter',
  'prometheus-node-exporter': 'node_exporter',
  promfleet: 'promfleet',
};

/** What the node can run, for messages. */
export const runnableImages = [...new Set(Object.keys(byName))].sort();

/** The program of a container: its command's name, else the last part of its image; null when there is none here. */
export function programOf(container: Container): ContainerProgram | null {
  const name =
    container.command?.[0] === undefined ? imageName(container.image ?? '') : basename(container.command[0]);
  return byName[name] ?? null;
}

/** `registry/path/name:tag@digest` -> `name`. */
export function imageName(image: string): string {
  const path = image.split('@')[0] ?? '';
  const last = path.slice(path.lastIndexOf('/') + 1);
  return last.split(':')[0] ?? '';
}

/** Flags that say where a program listens, with the port it takes without them (on every address). */
const listenFlags: Readonly<Partial<Record<ContainerProgram, readonly (readonly [string, number])[]>>> = {
  prometheus: [['--web.listen-address', 9090]],
  alertmanager: [
    ['--web.listen-address', 9093],
    ['--cluster.listen-address', 9094],
  ],
  node_exporter: [['--web.listen-address', 9100]],
};

/** The arguments that are missing for a program to listen on the pod's address and nowhere else. */
export function listenArguments(
  program: ContainerProgram,
  args: readonly string[],
  address: string,
  portOf: (declared: number) => number,
): readonly string[] {
  return (listenFlags[program] ?? [])
    .filter(([flag]) => !args.some((arg) => arg === flag || arg.startsWith(`${flag}=`)))
    .map(([flag, port]) => `${flag}=${address}:${portOf(port)}`);
}
