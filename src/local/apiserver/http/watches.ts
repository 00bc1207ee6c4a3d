import type { ServerResponse } from 'node:http';
import { limits } from '../../../base/limits.ts';
import { badRequest, fault, invalid, versionTooOld } from '../api-error.ts';
import { crdResource } from '../crd/registrar.ts';
import { storageKeyOf } from '../kinds/resource-type.ts';
import type { ServerContext } from '../rest/context.ts';
import { type Selection, versionNumber } from '../rest/list.ts';
import { Presenter, presentationOf } from '../rest/present.ts';
import { plainEncoder, Watch, type WatchSink } from '../rest/watch.ts';
import type { ResourceRequest } from './call.ts';
import { notAcceptable } from './options.ts';

/** All running watches: fed by the store, ended by time, by their clients or with the server. */
export class WatchRegistry {
  readonly #context: ServerContext;
  readonly #byResource = new Map<string, Set<Watch>>();
  readonly #stopped = new AbortController();

  constructor(context: ServerContext) {
    this.#context = context;
    context.store.subscribe((event) => {
      // A kind that is no longer defined has no watches.
      if (event.type === 'DELETED' && event.object.resource === crdResource.storageKey)
        this.#stopAllOf(event.object.name);
      for (const watch of [...(this.#byResource.get(event.object.resource) ?? [])]) watch.pump();
    });
  }

  get size(): number {
    let count = 0;
    for (const set of this.#byResource.values()) count += set.size;
    return count;
  }

  start(call: ResourceRequest, selection: Selection): void {
    const { request, response, type, query } = call;
    const context = this.#context;
    const presentation = presentationOf(request.headers.accept);
    if (presentation === undefined) throw notAcceptable();
    const presenter = new Presenter(context, type, presentation, query);
    const encode = presentation === 'object' ? plainEncoder(type) : presenter.event.bind(presenter);
    const asked = query.get('resourceVersion') ?? '';
    const bookmarks = query.get('allowWatchBookmarks') === 'true';
    const initialEvents = initialEventsOf(query, bookmarks);
    const from = asked === '' || asked === '0' ? undefined : versionNumber(asked);
    const oldest = context.store.collection(type.storageKey).completeAfterRv;
    const replay = initialEvents !== true && from !== undefined;
    if (replay && from < oldest) throw versionTooOld(from, oldest);

    response.writeHead(200, {
      'content-type': 'application/json',
      'cache-control': 'no-cache, private',
    });
    response.flushHeaders();
    const watch = new Watch(
      context,
      selection,
      encode,
      sinkOf(response),
      Math.min(from ?? 0, context.store.rv),
    );
    this.#add(watch);
    const ended = new AbortController();
    response.on('close', () => {
      this.#delete(watch);
      ended.abort();
    });
    response.on('drain', () => watch.drained());
    if (initialEvents === true || (from === undefined && initialEvents === undefined))
      watch.sendInitial(initialEvents === true);
    else if (from === undefined) watch.skipToNow();
    watch.pump();
    const signal = AbortSignal.any([ended.signal, this.#stopped.signal]);
    const seconds = Math.min(
      Number(query.get('timeoutSeconds') ?? limits.apiWatchSeconds) || limits.apiWatchSeconds,
      limits.apiWatchSeconds,
    );
    void this.#run(watch, bookmarks, seconds * 1000, signal);
  }

  stopAll(): void {
    this.#stopped.abort();
    for (const set of this.#byResource.values()) for (const watch of set) watch.stop();
  }

  /** Bookmarks from time to time and at the end, then the end. */
  async #run(watch: Watch, bookmarks: boolean, timeoutMs: number, signal: AbortSignal): Promise<void> {
    const { clock } = this.#context;
    const endMs = clock.monotonicMs() + timeoutMs;
    try {
      for (;;) {
        const restMs = endMs - clock.monotonicMs();
        if (restMs <= 0) break;
        await clock.sleep(Math.min(restMs, limits.apiBookmarkMs), signal);
        watch.pump();
        if (bookmarks) watch.bookmark();
      }
    } catch {
      // The client or the server ended it.
    }
    watch.stop();
  }

  /** `plural.group` names the definition, `group/plural` where its objects lie. */
  #stopAllOf(definition: string): void {
    const [plural = '', ...group] = definition.split('.');
    for (const watch of [...(this.#byResource.get(storageKeyOf(group.join('.'), plural)) ?? [])])
      watch.stop();
  }

  #add(watch: Watch): void {
    const set = this.#byResource.get(watch.resource) ?? new Set();
    set.add(watch);
    this.#byResource.set(watch.resource, set);
  }

  #delete(watch: Watch): void {
    this.#byResource.get(watch.resource)?.delete(watch);
  }
}

const listOptions = { group: 'meta.k8s.io', kind: 'ListOptions' };

function initialEventsOf(query: URLSearchParams, bookmarks: boolean): boolean | undefined {
  const text = query.get('sendInitialEvents');
  if (text === null || text === '') {
    if (query.get('resourceVersionMatch'))
      throw invalid(listOptions, '', [
        fault.forbidden(
          'resourceVersionMatch',
          'resourceVersionMatch is forbidden for watch unless sendInitialEvents is provided',
        ),
      ]);
    return undefined;
  }
  if (text !== 'true' && text !== 'false')
    throw badRequest(`sendInitialEvents: cannot read ${JSON.stringify(text)}`);
  if (query.get('resourceVersionMatch') !== 'NotOlderThan')
    throw invalid(listOptions, '', [
      fault.forbidden(
        'resourceVersionMatch',
        'sendInitialEvents requires setting resourceVersionMatch to NotOlderThan',
      ),
    ]);
  if (text === 'true' && !bookmarks)
    throw invalid(listOptions, '', [
      fault.forbidden(
        'allowWatchBookmarks',
        'sendInitialEvents requires setting allowWatchBookmarks to true',
      ),
    ]);
  return text === 'true';
}

function sinkOf(response: ServerResponse): WatchSink {
  return {
    write(line) {
      if (response.writableEnded || response.destroyed) return true;
      response.write(line);
      return response.writableLength < limits.apiWatchBufferBytes;
    },
    end: () => void response.end(),
  };
}
