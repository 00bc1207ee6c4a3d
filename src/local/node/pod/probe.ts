import { connect } from 'node:net';
import { Agent, request } from 'undici';
import { runProgram } from '../../programs/run.ts';
import type { Container, Probe } from '../types.ts';
import { mappedNumber } from './translate.ts';

/** Where a container's probes go. */
export interface ProbeTarget {
  readonly container: Container;
  readonly address: string;
  readonly ports: ReadonlyMap<number, number>;
  /** Translated command of an exec probe. */
  exec(command: readonly string[]): {
    file: string;
    args: readonly string[];
    env: Readonly<Record<string, string>>;
    cwd: string;
  };
}

/** Null when the probe succeeded, else what a person should read. Never rejects. */
export async function runProbe(probe: Probe, target: ProbeTarget): Promise<string | null> {
  const timeoutMs = (probe.timeoutSeconds ?? 1) * 1000;
  try {
    if (probe.httpGet !== undefined) return await httpProbe(probe.httpGet, target, timeoutMs);
    if (probe.tcpSocket !== undefined) {
      const port = portNumber(probe.tcpSocket.port, target);
      return await tcpProbe(probe.tcpSocket.host ?? target.address, port, timeoutMs);
    }
    if (probe.exec !== undefined) {
      const { file, args, env, cwd } = target.exec(probe.exec.command ?? []);
      const result = await runProgram(file, args, { env: { ...env }, cwd, timeoutMs });
      return result.code === 0
        ? null
        : `command ended with ${result.code}: ${result.output.trim().slice(-200)}`;
    }
    return 'this kind of probe is not supported here';
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

async function httpProbe(
  get: NonNullable<Probe['httpGet']>,
  target: ProbeTarget,
  timeoutMs: number,
): Promise<string | null> {
  const scheme = (get.scheme ?? 'HTTP').toLowerCase();
  const path = get.path ?? '/';
  const url = `${scheme}://${get.host ?? target.address}:${portNumber(get.port, target)}${path.startsWith('/') ? '' : '/'}${path}`;
  // A probe does not check certificates (Kubernetes: "skips certificate verification") and keeps no connection.
  const dispatcher = new Agent({ pipelining: 0, connect: { rejectUnauthorized: false, timeout: timeoutMs } });
  try {
    const response = await request(url, {
      dispatcher,
      headers: Object.fromEntries((get.httpHeaders ?? []).map(({ name, value }) => [name, value])),
      signal: AbortSignal.timeout(timeoutMs),
    });
    await response.body.dump();
    const { statusCode } = response;
    return statusCode >= 200 && statusCode < 400 ? null : `HTTP probe failed with statuscode: ${statusCode}`;
  } finally {
    await dispatcher.destroy();
  }
}

function tcpProbe(host: string, port: number, timeoutMs: number): Promise<string | null> {
  return new Promise((resolve) => {
    const socket = connect({ host, port, timeout: timeoutMs });
    const finish = (answer: string | null) => {
      socket.destroy();
      resolve(answer);
    };
    socket.on('connect', () => finish(null));
    socket.on('timeout', () => finish(`no connection to ${host}:${port} within ${timeoutMs} ms`));
    socket.on('error', (error) => finish(error.message));
  });
}

function portNumber(port: number | string, target: ProbeTarget): number {
  if (typeof port === 'number') return mappedNumber(target.ports, port);
  const named = target.container.ports?.find((candidate) => candidate.name === port)?.containerPort;
  if (named !== undefined) return named;
  const number = Number(port);
  if (Number.isInteger(number)) return mappedNumber(target.ports, number);
  throw new Error(`container ${target.container.name} has no port named ${port}`);
}
