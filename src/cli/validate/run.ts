import type { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { systemClock } from '../../base/clock.ts';
import { type CliIo, exitCodes } from '../io.ts';
import { ManifestChecker } from './check-manifests.ts';
import { PathError, readManifestFiles } from './manifest-files.ts';
import { humanReport, jsonReport, sarifReport } from './reports.ts';

export interface ValidateOptions {
  readonly json?: boolean;
  readonly sarif?: boolean;
  readonly prometheusVersion: string;
  readonly alertmanagerVersion: string;
  readonly enableFeature?: string;
}

const versionForm = /^v?\d+\.\d+\.\d+/;

/** Checks the manifests at `paths`, prints the faults and returns the exit code. */
export async function runValidate(
  paths: readonly string[],
  options: ValidateOptions,
  io: CliIo,
  stdin: Readable = process.stdin,
): Promise<number> {
  const wrong = wrongUsage(options);
  if (wrong !== undefined) {
    io.err(`error: ${wrong}\n`);
    return exitCodes.usage;
  }
  const checker = new ManifestChecker({
    prometheus: options.prometheusVersion,
    alertmanager: options.alertmanagerVersion,
    featureFlags: (options.enableFeature ?? '').split(',').filter((flag) => flag !== ''),
    nowMs: systemClock.nowMs(),
  });
  try {
    for await (const file of readManifestFiles(paths, io.cwd, () => buffer(stdin))) {
      if (io.signal?.aborted === true) return exitCodes.fault;
      checker.addFile(file);
    }
  } catch (error) {
    if (!(error instanceof PathError)) throw error;
    io.err(`error: ${error.message}\n`);
    return exitCodes.usage;
  }
  const summary = checker.finish();
  if (options.json === true) io.out(jsonReport(checker.faults, summary));
  else if (options.sarif === true) io.out(sarifReport(checker.faults, io.cwd, '0.1.0'));
  else io.out(humanReport(checker.faults, summary, io.colors));
  return summary.errors > 0 ? exitCodes.fault : exitCodes.ok;
}

function wrongUsage(options: ValidateOptions): string | undefined {
  if (options.json === true && options.sarif === true) return '--json and --sarif exclude each other';
  for (const version of [options.prometheusVersion, options.alertmanagerVersion])
    if (!versionForm.test(version)) return `${JSON.stringify(version)} is no version, such as v3.5.3`;
  return undefined;
}
