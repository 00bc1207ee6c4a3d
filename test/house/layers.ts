import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';

/**
 * Which room may import which, deepest first: a room may import itself, its own level's explicit friends and
 * everything of the levels before. The longest matching prefix of a path names its room.
 */
const levels: readonly (readonly string[])[] = [
  ['base'],
  [
    'kube',
    'crds',
    'endpoint',
    'storage-engine/format',
    'storage-engine/kernels',
    'storage-engine/bucket',
    'storage-engine/promql/syntax',
  ],
  ['render', 'storage-engine/block', 'storage-engine/promql/plan'],
  ['reconcilers', 'storage-engine/promql/exec', 'storage-engine/retention'],
  ['storage-engine/samples'],
  ['controllers', 'storage-engine/query', 'storage-engine/lifecycle'],
  ['storage-engine/serve', 'agents'],
  ['local', 'cli'],
  ['main.ts'],
];

/** Rules beside the levels: [importer, imported, why it is refused]. */
const refused: readonly (readonly [string, RegExp, string])[] = [
  [
    'storage-engine/',
    /^(crds|render|reconcilers|controllers|kube|agents|local|cli)\//,
    'the engine knows nothing of Kubernetes',
  ],
  ['reconcilers/', /^kube\//, 'reconcilers decide; they reach the API through ports they declare'],
  ['render/', /^(kube|endpoint)\//, 'rendering is pure'],
  ['agents/', /^(crds|reconcilers|controllers)\//, 'agents know bundles, not kinds'],
  ['local/', /^cli\//, 'local is a library; the command line calls it'],
];

/** Modules that do I/O, allowed only outside the pure rooms; node:net is not named, as it also parses addresses. */
const pureRooms = ['crds/', 'render/', 'storage-engine/format/', 'storage-engine/promql/'];
const effects = /^node:(fs|http|https|child_process|dgram|tls|dns|sqlite)|^undici$|^fastify$|^@aws-sdk\//;

export interface Import {
  readonly from: string;
  readonly to: string;
  readonly line: number;
}

export interface Violation extends Import {
  readonly reason: string;
}

const statement =
  /^(?:import|export)\s[^;'"]*?from\s*'([^']+)'|^import\s*'([^']+)'|\bimport\(\s*'([^']+)'\s*\)/gm;

/** Every import statement of a source text, type-only ones included, with its 1-based line. */
export function importsOf(text: string): { specifier: string; line: number }[] {
  return [...text.matchAll(statement)].map((match) => ({
    specifier: match[1] ?? match[2] ?? match[3] ?? '',
    line: text.slice(0, match.index).split('\n').length,
  }));
}

function levelOf(path: string): number {
  let found = -1;
  let length = 0;
  levels.forEach((rooms, level) => {
    for (const room of rooms) {
      if ((path === room || path.startsWith(`${room}/`)) && room.length > length)
        [found, length] = [level, room.length];
    }
  });
  return found;
}

function roomOf(path: string): string {
  return (
    levels
      .flat()
      .filter((room) => path === room || path.startsWith(`${room}/`))
      .sort((a, b) => b.length - a.length)[0] ?? path
  );
}

/** Why one import between two files of src/ (paths relative to it) is refused, or undefined. */
export function refusal(from: string, to: string): string | undefined {
  if (from.endsWith('.test.ts')) return undefined;
  if (to.endsWith('.test.ts')) return 'a source file imports a test';
  if (roomOf(from) === roomOf(to)) return undefined;
  const [fromLevel, toLevel] = [levelOf(from), levelOf(to)];
  if (fromLevel < 0) return `${from} is in no room that the layers name`;
  if (toLevel < 0) return `${to} is in no room that the layers name`;
  for (const [importer, imported, reason] of refused) {
    if (from.startsWith(importer) && imported.test(to)) return reason;
  }
  const peers = new Set(['local', 'cli']);
  if (toLevel < fromLevel || (peers.has(roomOf(from)) && peers.has(roomOf(to)))) return undefined;
  return `layer "${roomOf(from)}" comes before layer "${roomOf(to)}"`;
}

/** Why a pure room may not import a package or builtin, or undefined. */
export function effectRefusal(from: string, specifier: string): string | undefined {
  if (from.endsWith('.test.ts') || /(^|\/)(emit|support)[^/]*\.ts$/.test(from)) return undefined;
  if (pureRooms.some((room) => from.startsWith(room)) && effects.test(specifier))
    return `${specifier} does I/O and this room is pure`;
  return undefined;
}

export function sourceFiles(root: string): string[] {
  return readdirSync(root, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && entry.name.endsWith('.ts') && !entry.parentPath.includes('testdata'))
    .map((entry) => relative(root, join(entry.parentPath, entry.name)))
    .sort();
}

/** All violations and the import graph of the tree below `root` (the src folder). */
export function readLayers(root: string): {
  violations: Violation[];
  graph: Map<string, string[]>;
  barrels: string[];
} {
  const violations: Violation[] = [];
  const graph = new Map<string, string[]>();
  const barrels: string[] = [];
  for (const from of sourceFiles(root)) {
    const text = readFileSync(join(root, from), 'utf8');
    const targets: string[] = [];
    for (const { specifier, line } of importsOf(text)) {
      if (!specifier.startsWith('.')) {
        const reason = effectRefusal(from, specifier);
        if (reason !== undefined) violations.push({ from, to: specifier, line, reason });
        continue;
      }
      const to = relative(root, resolve(join(root, dirname(from)), specifier));
      if (to.startsWith('..')) {
        if (!from.endsWith('.test.ts') && !to.endsWith('package.json'))
          violations.push({ from, to, line, reason: 'src/ imports from outside itself' });
        continue;
      }
      targets.push(to);
      const reason = refusal(from, to);
      if (reason !== undefined) violations.push({ from, to, line, reason });
    }
    graph.set(from, targets);
    const code = text.replace(/\/\*[\s\S]*?\*\/|\/\/.*$/gm, '').trim();
    if (
      code !== '' &&
      code
        .split(/;\s*\n?/)
        .filter(Boolean)
        .every((part) => /^export\s*(type\s*)?(\{[^}]*\}|\*)[^;]*\bfrom\s*'/.test(part.trim()))
    )
      barrels.push(from);
  }
  return { violations, graph, barrels };
}

/** One import cycle per strongly connected component of more than one file (Tarjan 1972). */
export function cycles(graph: ReadonlyMap<string, readonly string[]>): string[][] {
  const index = new Map<string, number>();
  const low = new Map<string, number>();
  const stack: string[] = [];
  const found: string[][] = [];
  const visit = (node: string): void => {
    index.set(node, index.size);
    low.set(node, index.get(node)!);
    stack.push(node);
    for (const next of graph.get(node) ?? []) {
      if (!index.has(next)) visit(next);
      if (stack.includes(next)) low.set(node, Math.min(low.get(node)!, low.get(next)!));
    }
    if (low.get(node) !== index.get(node)) return;
    const component = stack.splice(stack.indexOf(node));
    if (component.length > 1 || (graph.get(node) ?? []).includes(node)) found.push(component.sort());
  };
  for (const node of graph.keys()) if (!index.has(node)) visit(node);
  return found;
}
