import { existsSync } from 'node:fs';
import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { limits } from '../../base/limits.ts';
import { findOnPath } from './path-search.ts';
import { lastLine, runProgram } from './run.ts';
import type { WayContext, WaySkipped } from './way.ts';

/** Names a Debian mirror where the system has none among its own sources, as on Ubuntu. */
const mirrorVariable = 'PROMFLEET_DEBIAN_MIRROR';
const keyring = '/usr/share/keyrings/debian-archive-keyring.gpg';

/** Packages of one Debian suite; `architecture` in Debian's words (`arm64`), the machine's own where absent. */
export interface DebianPackages {
  readonly packageNames: readonly string[];
  readonly suite: string;
  readonly architecture?: string;
}

export interface UnpackedPackages {
  /** Folder below the scratch folder with the files of all packages. */
  readonly root: string;
  /** By package. */
  readonly versions: ReadonlyMap<string, string>;
}

/**
 * Downloads packages and unpacks them with `dpkg -x`: apt runs on a configuration of its own below the cache, so it
 * needs no root, no list of the system, and changes nothing outside the cache. Dependencies are not followed.
 */
export async function unpackDebianPackages(
  wanted: DebianPackages,
  context: Omit<WayContext, 'arch'>,
): Promise<UnpackedPackages | WaySkipped> {
  const { packageNames, suite } = wanted;
  const [aptGet, dpkg] = ['apt-get', 'dpkg'].map((name) => findOnPath(name, context.environment)[0]);
  if (context.platform !== 'linux') return { skipped: 'Debian packages run on Linux only' };
  if (aptGet === undefined || dpkg === undefined) return { skipped: 'apt-get and dpkg are not installed' };
  const mirror = context.environment[mirrorVariable] ?? (await systemMirror());
  if (mirror === null)
    return { skipped: `no Debian mirror among the sources of apt; ${mirrorVariable} can name one` };
  const apt = await aptOptions(context.cacheDir, mirror, wanted);
  const run = (file: string, args: readonly string[]) =>
    runProgram(file, args, {
      cwd: context.scratchDir,
      env: { ...context.environment, LC_ALL: 'C', DEBIAN_FRONTEND: 'noninteractive' },
      timeoutMs: limits.packageStepTimeoutMs,
      onLine: (line) => context.say(line),
    });
  const names = packageNames.join(' ');
  const fetchPackages = () =>
    run(aptGet, [...apt.options, 'download', '-q', ...packageNames.map((name) => `${name}/${suite}`)]);

  if (!apt.signed) context.say(`no ${keyring}: packages are not verified by a signature`);
  // Lists of an earlier run usually serve; they are refreshed when a package is gone from the mirror.
  let fetched = apt.hasLists ? await fetchPackages() : null;
  if (fetched === null || fetched.code !== 0) {
    context.say(`reading the package list of Debian ${suite} from ${apt.mirror}`);
    const updated = await run(aptGet, [...apt.options, 'update', '-q']);
    if (updated.code !== 0) return { skipped: `apt-get update: ${lastLine(updated.output)}` };
    context.say(`downloading Debian package ${names}`);
    fetched = await fetchPackages();
  }
  if (fetched.code !== 0) return { skipped: `apt-get download ${names}: ${lastLine(fetched.output)}` };
  const archives = (await readdir(context.scratchDir)).filter((file) => file.endsWith('.deb'));
  const root = join(context.scratchDir, 'root');
  const versions = new Map<string, string>();
  for (const name of packageNames) {
    const archive = archives.find((file) => file.startsWith(`${name}_`));
    if (archive === undefined) return { skipped: `apt-get download ${name} left no file` };
    context.say(`unpacking ${archive}`);
    const unpacked = await run(dpkg, ['-x', archive, root]);
    if (unpacked.code !== 0) return { skipped: `dpkg -x ${archive}: ${lastLine(unpacked.output)}` };
    await rm(join(context.scratchDir, archive));
    // NAME_VERSION_ARCHITECTURE.deb, a colon of the version written as %3a.
    versions.set(name, decodeURIComponent(archive.split('_')[1] ?? ''));
  }
  return { root, versions };
}

interface AptOptions {
  readonly options: readonly string[];
  readonly mirror: string;
  readonly signed: boolean;
  readonly hasLists: boolean;
}

async function aptOptions(
  cacheDir: string,
  mirror: string,
  { suite, architecture }: DebianPackages,
): Promise<AptOptions> {
  // Unstable of the machine's own architecture is what most callers want; each other selection has lists of its own.
  const isUsual = suite === 'sid' && architecture === undefined;
  const root = join(cacheDir, isUsual ? 'apt' : `apt-${suite}-${architecture ?? 'native'}`);
  const [lists, cache] = [join(root, 'lists'), join(root, 'cache')];
  await mkdir(join(lists, 'partial'), { recursive: true });
  await mkdir(join(cache, 'archives', 'partial'), { recursive: true });
  const signed = existsSync(keyring);
  // Without Debian's keyring (on Ubuntu, say) apt cannot check the signature; the user is told so above.
  const trust = signed ? `signed-by=${keyring}` : 'trusted=yes';
  const sources = join(root, 'sources.list');
  await writeFile(sources, `deb [${trust}] ${mirror} ${suite} main\n`);
  const set: Record<string, string> = {
    'Dir::Etc::SourceList': sources,
    'Dir::Etc::SourceParts': '/dev/null',
    'Dir::Etc::Preferences': '/dev/null',
    'Dir::Etc::PreferencesParts': '/dev/null',
    'Dir::State::Lists': lists,
    'Dir::Cache': cache,
    'APT::Sandbox::User': '',
    'Acquire::Languages': 'none',
    'Acquire::IndexTargets::deb::DEP-11::DefaultEnabled': 'false',
    'Acquire::http::Timeout': String(Math.ceil(limits.downloadIdleTimeoutMs / 1000)),
    'Acquire::https::Timeout': String(Math.ceil(limits.downloadIdleTimeoutMs / 1000)),
    'Acquire::Retries': '1',
    ...(architecture === undefined
      ? {}
      : { 'APT::Architecture': architecture, 'APT::Architectures': architecture }),
  };
  const hasLists = (await readdir(lists)).some((file) => file.includes('_Packages'));
  return { options: Object.entries(set).map(([k, v]) => `-o${k}=${v}`), mirror, signed, hasLists };
}

/** The Debian mirror that this system already uses: a machine behind a firewall often reaches only that. */
async function systemMirror(): Promise<string | null> {
  const folder = '/etc/apt/sources.list.d';
  const more = await readdir(folder).catch(() => []);
  for (const file of ['/etc/apt/sources.list', ...more.map((name) => join(folder, name))]) {
    const mirror = findMirror(await readFile(file, 'utf8').catch(() => ''));
    if (mirror !== null) return mirror;
  }
  return null;
}

/** First address of a Debian archive (a path that ends in /debian) in a sources file of either format. */
export function findMirror(sources: string): string | null {
  for (const line of sources.split('\n')) {
    if (!/^(deb|URIs:)\s/.test(line)) continue;
    const address = line.split(/\s+/).find((word) => /^https?:\/\/[^\s]+\/debian\/?$/.test(word));
    if (address !== undefined) return address.replace(/\/$/, '');
  }
  return null;
}
