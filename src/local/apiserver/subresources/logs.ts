import { once } from 'node:events';
import { ApiError, badRequest } from '../api-error.ts';
import type { ResourceRequest } from '../http/call.ts';
import { respondText } from '../http/respond.ts';
import type { ExtraHandler } from '../http/server.ts';
import { type KubeObject, listAt, stringAt, valueAt } from '../object.ts';
import type { PodLogRequest, PodLogSource } from '../pod-logs.ts';
import type { ServerContext } from '../rest/context.ts';
import { storedOf } from './shared.ts';

/** GET pods/NAME/log, from the source that the node gives. */
export function logHandler(context: ServerContext, source: () => PodLogSource | undefined): ExtraHandler {
  return async (call) => {
    const { type, path, request, response } = call;
    if (type.storageKey !== 'pods' || path.subresource !== 'log' || request.method !== 'GET') return false;
    const pod = JSON.parse(storedOf(context, call).json) as KubeObject;
    const container = chooseContainer(pod, call.query.get('container') ?? '');
    checkStarted(pod, container, call.query.get('previous') === 'true');
    const read = source();
    if (read === undefined)
      throw new ApiError(501, 'NotImplemented', 'no node serves the logs of this server');
    const ended = new AbortController();
    response.on('close', () => ended.abort());
    const log = await read(logRequest(call, pod, container, context.clock.nowMs()), ended.signal);
    if (log === undefined)
      throw badRequest(
        `previous terminated container ${JSON.stringify(container)} in pod ${JSON.stringify(path.name)} not found`,
      );
    await stream(log, call, ended.signal);
    return true;
  };
}

async function stream(
  log: AsyncIterable<Uint8Array>,
  { response }: ResourceRequest,
  signal: AbortSignal,
): Promise<void> {
  response.writeHead(200, { 'content-type': 'text/plain', 'cache-control': 'no-cache, private' });
  response.flushHeaders();
  try {
    for await (const chunk of log) {
      if (signal.aborted) return;
      if (!response.write(chunk)) await Promise.race([once(response, 'drain'), once(response, 'close')]);
    }
  } catch (error) {
    if (!signal.aborted)
      response.write(`\nthe log broke off: ${error instanceof Error ? error.message : error}\n`);
  } finally {
    response.end();
  }
}

function logRequest(
  { path, query }: ResourceRequest,
  pod: KubeObject,
  container: string,
  nowMs: number,
): PodLogRequest {
  const seconds = number(query, 'sinceSeconds');
  const since = query.get('sinceTime');
  if (since !== null && seconds !== undefined)
    throw badRequest('at most one of `sinceTime` or `sinceSeconds` may be specified');
  const sinceMs =
    since === null ? (seconds === undefined ? undefined : nowMs - seconds * 1000) : Date.parse(since);
  if (Number.isNaN(sinceMs)) throw badRequest(`sinceTime: cannot read ${JSON.stringify(since)}`);
  return {
    namespace: path.namespace,
    pod: path.name,
    podUid: pod.metadata.uid ?? '',
    container,
    follow: query.get('follow') === 'true',
    previous: query.get('previous') === 'true',
    tailLines: number(query, 'tailLines'),
    sinceMs,
    timestamps: query.get('timestamps') === 'true',
    limitBytes: number(query, 'limitBytes'),
  };
}

function number(query: URLSearchParams, name: string): number | undefined {
  const text = query.get(name);
  if (text === null || text === '') return undefined;
  const value = Number(text);
  if (!Number.isInteger(value) || value < 0) throw badRequest(`${name}: must be greater than or equal to 0`);
  return value;
}

const names = (pod: KubeObject, field: string) =>
  listAt(pod, 'spec', field).map((item) => stringAt(item, 'name') ?? '');

function chooseContainer(pod: KubeObject, asked: string): string {
  const containers = names(pod, 'containers');
  const init = names(pod, 'initContainers');
  const name = pod.metadata.name ?? '';
  if (asked !== '') {
    if (containers.includes(asked) || init.includes(asked)) return asked;
    throw badRequest(`container ${asked} is not valid for pod ${name}`);
  }
  if (containers.length === 1) return containers[0]!;
  throw badRequest(
    `a container name must be specified for pod ${name}, choose one of: [${containers.join(' ')}]${init.length > 0 ? ` or one of the init containers: [${init.join(' ')}]` : ''}`,
  );
}

/** A container that has never run has no log. */
function checkStarted(pod: KubeObject, container: string, previous: boolean): void {
  const name = pod.metadata.name ?? '';
  if (stringAt(pod, 'spec', 'nodeName') === undefined)
    throw badRequest(`pod ${name} does not have a host assigned`);
  const status = [
    ...listAt(pod, 'status', 'containerStatuses'),
    ...listAt(pod, 'status', 'initContainerStatuses'),
  ].find((item) => stringAt(item, 'name') === container);
  if (previous && valueAt(status, 'lastState', 'terminated') === undefined)
    throw badRequest(
      `previous terminated container ${JSON.stringify(container)} in pod ${JSON.stringify(name)} not found`,
    );
  const waiting = stringAt(status, 'state', 'waiting', 'reason');
  const ran = valueAt(status, 'lastState', 'terminated') !== undefined;
  if (!previous && (status === undefined || (waiting !== undefined && !ran)))
    throw badRequest(
      `container ${JSON.stringify(container)} in pod ${JSON.stringify(name)} is waiting to start: ${waiting ?? 'ContainerCreating'}`,
    );
}

/** Subresources of pods that need a kubelet's streaming protocols. */
export const streamingHandler: ExtraHandler = ({ type, path, response }) => {
  if (type.storageKey !== 'pods' || !['exec', 'attach', 'portforward', 'proxy'].includes(path.subresource))
    return false;
  const error = new ApiError(
    501,
    'NotImplemented',
    `pods/${path.subresource} is not served by promfleet local: containers are processes of this machine`,
  );
  respondText(response, 501, JSON.stringify(error.toStatus()));
  return true;
};
