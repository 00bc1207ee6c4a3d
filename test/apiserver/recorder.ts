import { type Answer, type Call, send, type Target, WatchReader } from './target.ts';

/** One exchange as compared: server-chosen values are replaced by placeholders. */
export interface Exchange {
  readonly request: string;
  readonly status: number;
  readonly warnings?: readonly string[];
  readonly body: unknown;
}

export interface Scenario {
  readonly name: string;
  /** Needs garbage collection, namespace deletion or service accounts. */
  readonly controllers?: boolean;
  run(api: Recorder): Promise<void>;
}

type Json = Record<string, unknown>;

/** Sends requests and keeps what came back. `namespace` is the scenario's own. */
export class Recorder {
  readonly exchanges: Exchange[] = [];
  readonly target: Target;
  readonly namespace: string;

  constructor(target: Target, namespace: string) {
    this.target = target;
    this.namespace = namespace;
  }

  /** Path of a namespaced core resource. */
  core(rest: string): string {
    return `/api/v1/namespaces/${this.namespace}/${rest}`;
  }

  /** Path of a namespaced resource of a group, e.g. `apps/v1`. */
  group(groupVersion: string, rest: string): string {
    return `/apis/${groupVersion}/namespaces/${this.namespace}/${rest}`;
  }

  /** Sends without recording. */
  silent(method: string, path: string, body?: unknown, contentType?: string): Promise<Answer> {
    return send(this.target, call(method, path, body, contentType));
  }

  async send(
    method: string,
    path: string,
    body?: unknown,
    contentType?: string,
    accept?: string,
  ): Promise<Answer> {
    const answer = await send(this.target, {
      ...call(method, path, body, contentType),
      ...(accept === undefined ? {} : { accept }),
    });
    const shown = path.length > 300 ? `${path.slice(0, 300)}...` : path;
    this.exchanges.push({
      request: normalText(`${method} ${shown}`),
      status: answer.status,
      ...(answer.warnings.length === 0 ? {} : { warnings: answer.warnings }),
      body: normalize(answer.body),
    });
    return answer;
  }

  /** Records status, reason and fields only: for answers whose wording comes from a Go decoder. */
  async brief(method: string, path: string, body?: unknown, contentType?: string): Promise<void> {
    const { status, body: answer } = await this.silent(method, path, body, contentType);
    const { reason, details } = answer as {
      reason?: string;
      details?: { causes?: { field?: string; reason?: string }[] };
    };
    const causes = (details?.causes ?? [])
      .map((cause) => `${cause.field ?? ''} ${cause.reason ?? ''}`)
      .sort();
    this.note(`${method} ${path}`, { status, reason, causes });
  }

  get = (path: string, accept?: string) => this.send('GET', path, undefined, undefined, accept);
  post = (path: string, body: unknown) => this.send('POST', path, body);
  put = (path: string, body: unknown) => this.send('PUT', path, body);
  delete = (path: string, body?: unknown) => this.send('DELETE', path, body);
  merge = (path: string, body: unknown) => this.send('PATCH', path, body, 'application/merge-patch+json');
  strategic = (path: string, body: unknown) =>
    this.send('PATCH', path, body, 'application/strategic-merge-patch+json');
  jsonPatch = (path: string, body: unknown) => this.send('PATCH', path, body, 'application/json-patch+json');
  apply = (path: string, body: unknown, manager = 'alice', extra = '') =>
    this.send('PATCH', `${path}?fieldManager=${manager}${extra}`, body, 'application/apply-patch+yaml');
  table = (path: string) => this.get(path, 'application/json;as=Table;v=v1;g=meta.k8s.io,application/json');

  watch(path: string, accept?: string): WatchReader {
    return new WatchReader(this.target, path, accept);
  }

  /** Records a result that is no single exchange. */
  note(title: string, body: unknown): void {
    this.exchanges.push({ request: title, status: 0, body: normalize(body) });
  }

  /** Asks again until the answer has this status, then records it. */
  async eventually(path: string, status: number): Promise<void> {
    const endMs = Date.now() + 20_000;
    while (Date.now() < endMs) {
      if ((await this.silent('GET', path)).status === status) break;
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    await this.get(path);
  }
}

function call(method: string, path: string, body?: unknown, contentType?: string): Call {
  return {
    method,
    path,
    ...(body === undefined ? {} : { body }),
    ...(contentType === undefined ? {} : { contentType }),
  };
}

export const rvOf = (answer: Answer): string =>
  String(((answer.body as Json).metadata as Json)?.resourceVersion ?? '');
export const uidOf = (answer: Answer): string => String(((answer.body as Json).metadata as Json)?.uid ?? '');

const uid = /[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/g;
const time = /\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z/g;

export const normalText = (text: string): string =>
  text
    .replaceAll(uid, '<uid>')
    .replaceAll(time, '<time>')
    .replaceAll(/(resourceVersion=)\d+/g, '$1<rv>')
    .replaceAll(/(continue=)[\w%-]+/g, '$1<token>')
    .replaceAll(/(too old resource version: )\d+ \(\d+\)/g, '$1<rv> (<rv>)')
    .replaceAll(/(ResourceVersion in (?:the precondition|record) \()\d+/g, '$1<rv>');

/**
 * Values that a server chooses, replaced by what they are. Null and '' count as absent, as Go clients read them;
 * managers are sorted, because a server sorts them by seconds; descriptions of columns are prose of Kubernetes.
 */
export function normalize(value: unknown, key = ''): unknown {
  if (Array.isArray(value)) {
    const items = value.map((item) => normalize(item));
    return key === 'managedFields' ? items.sort((a, b) => (managerKey(a) < managerKey(b) ? -1 : 1)) : items;
  }
  if (typeof value === 'object' && value !== null)
    return Object.fromEntries(
      Object.entries(value)
        .filter(
          ([name, child]) =>
            child !== null && child !== '' && !(name === 'description' && 'priority' in value),
        )
        .map(([name, child]) => [normalText(name), normalize(child, name)]),
    );
  if (typeof value !== 'string') return value;
  if (key === 'resourceVersion' && value !== '') return '<rv>';
  if (key === 'continue' && value !== '') return '<token>';
  if (key === 'token') return '<token>';
  return normalText(value);
}

function managerKey(entry: unknown): string {
  const { manager, operation, subresource } = entry as Record<string, string | undefined>;
  return `${operation} ${manager} ${subresource ?? ''}`;
}
