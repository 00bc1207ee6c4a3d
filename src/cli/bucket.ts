import { type Command, Option } from 'commander';
import { CodedError } from '../base/errors.ts';
import type { MarkKind } from '../storage-engine/format/block-mark.ts';
import type { BucketOptions } from './bucket/open.ts';
import type { CliIo } from './io.ts';

const collect = (value: string, before: string[]) => [...before, value];

export function register(program: Command, io: CliIo): void {
  const group = program.command('bucket').description('look into a bucket of blocks, and put it in order');
  /** A verb with the options of all; those that delete change nothing unless told to. */
  const verb = (name: string, description: string) =>
    group
      .command(name)
      .description(description)
      .option('--objstore-config <file>', "the bucket, described by Thanos's objstore.yml")
      .option('--bucket-dir <folder>', 'the bucket, a folder')
      .option('--json', 'write JSON');

  verb('ls', 'list the blocks')
    .option('--label <name=value>', 'only blocks with this external label', collect, [])
    .action(async (options: BucketOptions & { label: readonly string[] }) => {
      const { withBucket } = await import('./bucket/open.ts');
      const { list } = await import('./bucket/ls.ts');
      await withBucket(options, io, (tool) => list(tool, options));
    });

  verb('inspect', 'show all that is known of a block')
    .argument('<block>', 'its ULID')
    .action(async (ulid: string, options: BucketOptions) => {
      const { checkUlids, withBucket } = await import('./bucket/open.ts');
      const { inspect } = await import('./bucket/inspect.ts');
      checkUlids([ulid]);
      await withBucket(options, io, (tool) => inspect(tool, ulid));
    });

  verb('verify', 'read blocks and say what is wrong; ends with 1 where something is')
    .argument('[blocks...]', 'their ULIDs; all blocks without them')
    .addOption(
      new Option('--depth <depth>', 'what is read').choices(['meta', 'index', 'chunks']).default('index'),
    )
    .action(async (ulids: string[], options: BucketOptions & { depth: 'meta' | 'index' | 'chunks' }) => {
      const { checkUlids, withBucket } = await import('./bucket/open.ts');
      const { verify } = await import('./bucket/verify.ts');
      checkUlids(ulids);
      await withBucket(options, io, (tool) => verify(tool, { ulids, depth: options.depth }));
    });

  verb('repair', 'mark what another block holds for deletion, and what cannot be read against compaction')
    .option('--apply', 'do it; without it only tell')
    .addOption(new Option('--depth <depth>', 'what is read').choices(['index', 'chunks']).default('index'))
    .action(async (options: BucketOptions & { apply?: boolean; depth: 'index' | 'chunks' }) => {
      const { withBucket } = await import('./bucket/open.ts');
      const { repair } = await import('./bucket/change.ts');
      const { depth, apply = false } = options;
      await withBucket(options, io, (tool) => repair(tool, { apply, depth }));
    });

  verb('cleanup', 'delete marked blocks after their delay, and parts of blocks that nobody completes')
    .option('--apply', 'do it; without it only tell')
    .option('--delete-delay <duration>', 'how long a marked block stays', '48h')
    .option('--partial-delay <duration>', 'how long a part of a block may grow', '48h')
    .action(
      async (options: BucketOptions & { apply?: boolean; deleteDelay: string; partialDelay: string }) => {
        const { withBucket } = await import('./bucket/open.ts');
        const { cleanup } = await import('./bucket/change.ts');
        const { durationMs } = await import('../render/workload/duration.ts');
        const span = (flag: string, text: string) => {
          const value = durationMs(text);
          if (value !== undefined) return value;
          throw new CodedError('InvalidOption', `--${flag} ${text}: it is no duration such as 48h`);
        };
        const delays = {
          deletionDelayMs: span('delete-delay', options.deleteDelay),
          partialDelayMs: span('partial-delay', options.partialDelay),
        };
        const { apply = false } = options;
        await withBucket(options, io, (tool) => cleanup(tool, { apply, ...delays }));
      },
    );

  verb('mark', 'mark blocks, or take marks away')
    .argument('<blocks...>', 'their ULIDs')
    .addOption(
      new Option('--kind <kind>', 'which mark')
        .choices(['deletion', 'no-compact', 'no-downsample'])
        .makeOptionMandatory(),
    )
    .option('--details <text>', 'why, for people', '')
    .option('--remove', 'take the mark away')
    .option('--apply', 'set a deletion mark; without it only tell')
    .action(
      async (
        ulids: string[],
        options: BucketOptions & { kind: MarkKind; details: string; remove?: boolean; apply?: boolean },
      ) => {
        const { checkUlids, withBucket } = await import('./bucket/open.ts');
        const { mark } = await import('./bucket/change.ts');
        checkUlids(ulids);
        const { kind, details, remove = false, apply = false } = options;
        await withBucket(options, io, (tool) => mark(tool, ulids, { kind, details, remove, apply }));
      },
    );

  verb('cost', 'show bytes by team, metric and resolution')
    .option('--by <label>', 'label that names the owner of a series', 'promfleet_team')
    .option('--top <rows>', 'rows of metrics', '30')
    .action(async (options: BucketOptions & { by: string; top: string }) => {
      const { withBucket } = await import('./bucket/open.ts');
      const { cost } = await import('./bucket/cost.ts');
      const top = Number(options.top);
      if (!Number.isSafeInteger(top) || top < 1)
        throw new CodedError('InvalidOption', `--top ${options.top}: it is no number of rows`);
      await withBucket(options, io, (tool) => cost(tool, { by: options.by, top }));
    });
}
