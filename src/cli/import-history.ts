import type { Command } from 'commander';
import { CodedError, describeError } from '../base/errors.ts';
import { type CliIo, exitCodes } from './io.ts';

interface Options {
  readonly objstoreConfig?: string;
  readonly bucketDir?: string;
  readonly label: readonly string[];
  readonly maxBytesPerSecond?: string;
}

export function register(program: Command, io: CliIo): void {
  program
    .command('import-history')
    .description('bring a folder of blocks into a bucket: validated, labelled, uploaded; may be repeated')
    .argument('<folder>', 'folder with blocks, such as the data folder of a Prometheus that does not run')
    .option('--objstore-config <file>', "the bucket, described by Thanos's objstore.yml")
    .option('--bucket-dir <folder>', 'the bucket, a folder')
    .option(
      '--label <name=value>',
      'external label of every block; may be given several times. Blocks that have external labels keep them without it',
      (value: string, before: string[]) => [...before, value],
      [],
    )
    .option('--max-bytes-per-second <quantity>', 'limit of the upload, such as 20M')
    .action(async (folder: string, options: Options) => {
      const [
        { bucketPlace, parseLabels, rateLimit },
        { BucketFile },
        { blockFolder, DataFolder },
        { sendBlock },
        { paceOf },
        { externalLabels },
        { systemClock: clock },
        { systemRandom: random },
        { join, resolve },
        { printable },
      ] = await Promise.all([
        import('../agents/shipper/options.ts'),
        import('../agents/shipper/bucket-file.ts'),
        import('../agents/shipper/data-folder.ts'),
        import('../agents/shipper/ship-block.ts'),
        import('../storage-engine/bucket/pace.ts'),
        import('../storage-engine/format/block-meta.ts'),
        import('../base/clock.ts'),
        import('../base/random.ts'),
        import('node:path'),
        import('./printable.ts'),
      ]);
      const given = parseLabels(options.label);
      const path = resolve(io.cwd, folder);
      const file = new BucketFile(
        bucketPlace(options, (each) => resolve(io.cwd, each)),
        { clock, random },
      );
      const rate = rateLimit(options.maxBytesPerSecond);
      const signal = io.signal ?? new AbortController().signal;
      try {
        const { blocks, faults } = await new DataFolder(path).blocks().catch(() => {
          throw new CodedError('InvalidOption', `${folder} is no folder that can be read`);
        });
        const bucket = await file.bucket();
        let failed = faults.length;
        for (const { ulid, error } of faults) io.err(`${ulid}  refused: ${printable(error)}\n`);
        for (const [n, block] of blocks.entries()) {
          const { ulid, minTime, maxTime } = block;
          const labels = options.label.length === 0 ? externalLabels(block) : given;
          const span = `${new Date(minTime).toISOString()} to ${new Date(maxTime).toISOString()}`;
          try {
            if (Object.keys(labels).length === 0)
              throw new CodedError('ExternalLabelsMissing', `block ${ulid} has no external labels`);
            const outcome = await sendBlock(
              ulid,
              path,
              await blockFolder(join(path, ulid)),
              { bucket, labels, source: 'import', random },
              { signal, ...(rate === undefined ? {} : { pace: paceOf(rate, clock, signal) }) },
            );
            io.out(`${ulid}  ${span}  ${outcome.state}  (${n + 1} of ${blocks.length})\n`);
            for (const fault of outcome.irregular.slice(0, 3)) io.err(`${ulid}  note: ${printable(fault)}\n`);
          } catch (error) {
            if (!(error instanceof CodedError) || error.code !== 'BlockRefused') throw error;
            failed++;
            io.err(`${ulid}  refused: ${printable(describeError(error))}\n`);
          }
        }
        io.out(
          `${blocks.length + faults.length - failed} blocks are in ${bucket.description}, ${failed} refused\n`,
        );
        if (failed > 0) io.setExitCode(exitCodes.fault);
      } finally {
        await file.close();
      }
    });
}
