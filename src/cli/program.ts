import { readFileSync } from 'node:fs';
import { constants } from 'node:os';
import { Command, CommanderError } from 'commander';
import { CodedError, describeError } from '../base/errors.ts';
import { register as registerBucket } from './bucket.ts';
import { register as registerCompact } from './compact.ts';
import { register as registerDoctor } from './doctor.ts';
import { register as registerImportHistory } from './import-history.ts';
import { type CliIo, exitCodes } from './io.ts';
import { register as registerLocal } from './local.ts';
import { register as registerOperator } from './operator.ts';
import { register as registerPromql } from './promql.ts';
import { register as registerQuery } from './query.ts';
import { register as registerReloader } from './reloader.ts';
import { register as registerShipper } from './shipper.ts';
import { register as registerStatus } from './status.ts';
import { register as registerUninstall } from './uninstall.ts';
import { register as registerValidate } from './validate.ts';
import { register as registerWebhookSink } from './webhook-sink.ts';

/**
 * Adds one command. It stands in one file beside this one and imports what it needs lazily in its action, so that an agent
 * loads only its own role.
 */
type Register = (program: Command, io: CliIo) => void;

const commands: readonly Register[] = [
  registerBucket,
  registerCompact,
  registerDoctor,
  registerImportHistory,
  registerLocal,
  registerOperator,
  registerPromql,
  registerQuery,
  registerReloader,
  registerShipper,
  registerStatus,
  registerUninstall,
  registerValidate,
  registerWebhookSink,
];

/** Runs one command line and returns the process exit code. */
export async function runCli(argv: readonly string[], environment: NodeJS.ProcessEnv): Promise<number> {
  let exitCode: number = exitCodes.ok;
  const stop = new AbortController();
  const io: CliIo = {
    out: (text) => process.stdout.write(text),
    err: (text) => process.stderr.write(text),
    env: environment,
    cwd: process.cwd(),
    colors: process.stdout.isTTY === true && environment.NO_COLOR === undefined,
    columns: process.stdout.columns,
    signal: stop.signal,
    setExitCode: (code) => {
      exitCode = code;
    },
  };
  // The second time in earnest. Not `once`: what draws on the terminal also listens, and kills the process when it finds itself alone.
  const end = (signal: NodeJS.Signals) =>
    stop.signal.aborted ? process.exit(128 + constants.signals[signal]) : stop.abort();
  // The reader of a pipe may go before we are done (`promfleet status | head`), and a terminal may be closed.
  for (const stream of [process.stdout, process.stderr])
    stream.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code !== 'EPIPE' && error.code !== 'EIO') throw error;
    });
  const signals = endingSignals();
  for (const signal of signals) process.on(signal, end);
  try {
    await buildProgram(io).parseAsync([...argv], { from: 'user' });
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? exitCodes.ok : exitCodes.usage;
    if (!(error instanceof CodedError)) throw error;
    io.err(`${describeError(error)}\n`);
    return exitCodes.fault;
  } finally {
    for (const signal of signals) process.off(signal, end);
  }
  return exitCode;
}

/** What asks to end: also a terminal that is closed, unless `nohup` said that it does not matter. */
function endingSignals(): readonly NodeJS.Signals[] {
  let ignored = 0n;
  try {
    ignored = BigInt(`0x${/^SigIgn:\s*(\w+)/m.exec(readFileSync('/proc/self/status', 'utf8'))?.[1] ?? 0}`);
  } catch {
    // Only Linux tells.
  }
  return (ignored & 1n) === 1n ? ['SIGINT', 'SIGTERM'] : ['SIGINT', 'SIGTERM', 'SIGHUP'];
}

/** The whole command line, its output going to `io`. */
export function buildProgram(io: CliIo): Command {
  const program = new Command('promfleet');
  program
    .description('Runs fleets of Prometheus and Alertmanager, declared as Kubernetes resources')
    .version('0.1.0')
    .exitOverride()
    .configureOutput({ writeOut: io.out, writeErr: io.err })
    .showHelpAfterError();
  for (const register of commands) register(program, io);
  return program;
}
