/**
 * A container sees its own network and its own files; a process on this machine sees everybody's. Its arguments and
 * literal environment values are translated so that both mean the same: mount paths become folders of the node,
 * `localhost` and wildcard addresses become the pod's own address, names of Services become addresses.
 * Text inside files is not touched: what we render into files uses relative paths.
 */

export interface Mount {
  readonly mountPath: string;
  readonly hostPath: string;
}

export interface PodWorld {
  /** The pod's own loopback address. */
  readonly address: string;
  /** Declared port -> real port, where pods share one address; empty else. */
  readonly ports: ReadonlyMap<number, number>;
  readonly mounts: readonly Mount[];
  /** Address (and real port) of a name that ends in `.svc` or `.svc.cluster.local`; null when unknown. */
  resolve(host: string, port: number | null): { host: string; port: number | null } | null;
}

const host =
  /(?:(0\.0\.0\.0|127\.0\.0\.1|localhost|\[::1?\])|((?:[a-z0-9][a-z0-9-]*\.)+svc(?:\.cluster\.local)?))(?::(\d{1,5})(?!\d))?(?![\w-]|\.\w)/iy;
const bareListen = /^(-[^=]*=)?:(\d{1,5})$/;
const wordCharacter = /[\w.-]/;

/** The number a declared port really has: pods that share one address have other ports than they declare. */
export function mappedNumber(ports: ReadonlyMap<number, number>, declared: number): number {
  return ports.get(declared) ?? declared;
}

/** One argument or literal environment value in the pod's words -> the same in the machine's words. */
export function translate(text: string, world: PodWorld): string {
  const listen = bareListen.exec(text);
  if (listen !== null) {
    const port = Number(listen[2]);
    return `${listen[1] ?? ''}${world.address}:${mappedNumber(world.ports, port)}`;
  }
  const mounts = [...world.mounts].sort((a, b) => b.mountPath.length - a.mountPath.length);
  let result = '';
  let at = 0;
  while (at < text.length) {
    const atBoundary = at === 0 || !wordCharacter.test(text[at - 1]!);
    const replaced = atBoundary ? (mountAt(text, at, mounts) ?? hostAt(text, at, world)) : null;
    if (replaced === null) {
      result += text[at];
      at++;
    } else {
      result += replaced.text;
      at += replaced.length;
    }
  }
  return result;
}

function mountAt(
  text: string,
  at: number,
  mounts: readonly Mount[],
): { text: string; length: number } | null {
  if (text[at] !== '/') return null;
  for (const { mountPath, hostPath } of mounts) {
    const path = mountPath.replace(/\/+$/, '');
    if (path === '' || !text.startsWith(path, at)) continue;
    const next = text[at + path.length];
    if (next === undefined || !wordCharacter.test(next)) return { text: hostPath, length: path.length };
  }
  return null;
}

function hostAt(text: string, at: number, world: PodWorld): { text: string; length: number } | null {
  host.lastIndex = at;
  const match = host.exec(text);
  if (match === null) return null;
  const port = match[3] === undefined ? null : Number(match[3]);
  const found =
    match[1] === undefined
      ? world.resolve(match[2] ?? '', port)
      : { host: world.address, port: port === null ? null : mappedNumber(world.ports, port) };
  if (found === null) return null;
  return { text: found.port === null ? found.host : `${found.host}:${found.port}`, length: match[0].length };
}

/**
 * Kubernetes' `$(NAME)` references: a known name is replaced, an unknown one stays, `$$` is a literal `$`
 * (Kubernetes API reference, Container.args).
 */
export function expandVariables(text: string, variables: ReadonlyMap<string, string>): string {
  return text.replace(/\$\$|\$\(([A-Za-z_.-][\w.-]*)\)/g, (whole, name: string | undefined) =>
    whole === '$$' ? '$' : (variables.get(name ?? '') ?? whole),
  );
}
