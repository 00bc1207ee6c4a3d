import { cp, mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { limits } from '../../base/limits.ts';
import type { ProgramEntry } from './catalogue.ts';
import { findOnPath } from './path-search.ts';
import { lastLine, runProgram } from './run.ts';
import type { Way, WayContext, WayFound, WaySkipped } from './way.ts';

/** What a build by Go needs to know of a program. */
export interface GoProgram {
  readonly name: string;
  readonly version: string;
  readonly go: ProgramEntry['go'];
}

/**
 * A build by an installed Go. The module is copied out of the module cache and built as the main module, because
 * `go install module@version` refuses modules with replace directives. Web pages that upstream generates with
 * Node are not part of a module: a Prometheus built this way serves its API without its web UI.
 */
export const goWay: Way = { title: 'build by Go', obtain: buildWithGo };

export async function buildWithGo(entry: GoProgram, context: WayContext): Promise<WayFound | WaySkipped> {
  if (entry.go === null) return { skipped: `${entry.name} cannot be built from a Go module` };
  const go = findOnPath('go', context.environment)[0];
  if (go === undefined) return { skipped: 'Go is not installed' };
  const run = (args: readonly string[], cwd: string) =>
    runProgram(go, args, {
      cwd,
      env: { ...context.environment, CGO_ENABLED: '0', GOWORK: 'off', GOFLAGS: '-buildvcs=false -mod=mod' },
      timeoutMs: limits.goBuildTimeoutMs,
      onLine: (line) => (line.startsWith('{') ? undefined : context.say(line)),
    });
  context.say(`downloading Go module ${entry.go.module}@${entry.go.version}`);
  const got = await run(
    ['mod', 'download', '-json', `${entry.go.module}@${entry.go.version}`],
    context.scratchDir,
  );
  const folder = /"Dir": "([^"]+)"/.exec(got.output)?.[1];
  if (got.code !== 0 || folder === undefined) return { skipped: `go mod download: ${lastLine(got.output)}` };
  const source = join(context.scratchDir, 'source');
  await mkdir(source);
  await cp(folder, source, { recursive: true });
  const chmod = await runProgram('chmod', ['-R', 'u+w', source], {
    timeoutMs: limits.packageStepTimeoutMs,
  });
  if (chmod.code !== 0) return { skipped: `chmod: ${lastLine(chmod.output)}` };
  for (const file of entry.go.webFiles ?? []) {
    await mkdir(dirname(join(source, file)), { recursive: true });
    await writeFile(join(source, file), '');
  }
  context.say(`building ${entry.name} ${entry.version} with Go (a few minutes)`);
  const program = join(context.scratchDir, entry.name);
  const version = `-X github.com/prometheus/common/version.Version=${entry.version}`;
  const tags = entry.go.tags === undefined ? [] : ['-tags', entry.go.tags.join(',')];
  const built = await run(
    ['build', ...tags, '-ldflags', `-s -w ${version}`, '-o', program, entry.go.packagePath],
    source,
  );
  if (built.code !== 0) return { skipped: `go build: ${lastLine(built.output)}` };
  return { file: program };
}
