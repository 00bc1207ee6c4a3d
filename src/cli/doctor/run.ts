import { resolve } from 'node:path';
import { createColors } from 'picocolors';
import { BucketFile } from '../../agents/shipper/bucket-file.ts';
import { bucketPlace } from '../../agents/shipper/options.ts';
import { systemClock as clock } from '../../base/clock.ts';
import { CodedError, describeError } from '../../base/errors.ts';
import { limits } from '../../base/limits.ts';
import { systemRandom as random } from '../../base/random.ts';
import type { KubeClient } from '../../kube/client.ts';
import { connect } from '../../kube/connect.ts';
import { newUlid } from '../../storage-engine/block/ulid.ts';
import { clusterConnection } from '../cluster-connection.ts';
import { type CliIo, exitCodes } from '../io.ts';
import { printable } from '../printable.ts';
import { formatTable } from '../status/table.ts';
import { tryBucket } from './bucket.ts';
import { judge } from './checks.ts';
import type { Finding } from './finding.ts';
import { observe } from './observe.ts';

export interface DoctorOptions {
  readonly kubeconfig?: string;
  readonly context?: string;
  readonly objstoreConfig?: string;
  readonly bucketDir?: string;
  readonly json?: boolean;
}

/** Looks, prints what was found, and returns the exit code. */
export async function runDoctor(options: DoctorOptions, io: CliIo): Promise<number> {
  const signal = AbortSignal.any([
    AbortSignal.timeout(limits.doctorTimeoutMs),
    ...(io.signal === undefined ? [] : [io.signal]),
  ]);
  const findings = [
    ...(await clusterFindings(options, io, signal)),
    ...(await bucketFindings(options, io, signal)),
  ];
  io.out(options.json === true ? asJson(findings) : asTable(findings, io));
  return findings.some((finding) => finding.verdict === 'fault') ? exitCodes.fault : exitCodes.ok;
}

async function clusterFindings(
  options: DoctorOptions,
  io: CliIo,
  signal: AbortSignal,
): Promise<readonly Finding[]> {
  let client: KubeClient | undefined;
  try {
    const connection = await clusterConnection(options, io);
    // Discovery is asked for our kinds too: whether they are served is a question here.
    client = connect(connection, { clock, random, userAgent: 'promfleet-doctor' });
    return judge(await observe(client, signal));
  } catch (error) {
    if (!(error instanceof CodedError)) throw error;
    const action = 'See the address and the credentials of the kubeconfig, and whether the API server runs.';
    return [{ check: 'API server', verdict: 'fault', message: describeError(error), action }];
  } finally {
    await client?.close();
  }
}

async function bucketFindings(
  options: DoctorOptions,
  io: CliIo,
  signal: AbortSignal,
): Promise<readonly Finding[]> {
  if (options.objstoreConfig === undefined && options.bucketDir === undefined) return [];
  const place = bucketPlace(options, (path) => resolve(io.cwd, path));
  const file = new BucketFile(place, { clock, random });
  try {
    return await tryBucket(await file.bucket(), newUlid(clock.nowMs(), random), signal);
  } catch (error) {
    if (!(error instanceof CodedError)) throw error;
    return [{ check: 'bucket', verdict: 'fault', message: describeError(error) }];
  } finally {
    await file.close();
  }
}

const asJson = (findings: readonly Finding[]) =>
  `${JSON.stringify({ formatVersion: 1, findings }, null, 2)}\n`;

function asTable(findings: readonly Finding[], io: CliIo): string {
  const paint = createColors(io.colors);
  const paints = { ok: paint.green, warning: paint.yellow, fault: paint.red, unknown: paint.dim };
  const rows = findings.map((finding) => [
    finding.check,
    { text: finding.verdict, paint: paints[finding.verdict] },
    printable(finding.message),
  ]);
  const lines = formatTable(['CHECK', 'VERDICT', 'FOUND'], rows, undefined);
  const advice = findings.flatMap(({ action }) => (action === undefined ? [] : [action]));
  const unique = [...new Set(advice)].map((action) => `- ${action}`);
  return `${[...lines, ...(unique.length === 0 ? [] : ['', 'What to do:', ...unique])].join('\n')}\n`;
}
