import { type ApiError, versionTooOld } from '../api-error.ts';
import { apiVersionOf, type ResourceType } from '../kinds/resource-type.ts';
import type { ChangeEvent, StoredObject } from '../store/collection.ts';
import type { ServerContext } from './context.ts';
import { storedJson } from './decode.ts';
import { type Selection, selects } from './list.ts';

/** Where events go: returns false when the reader is behind; `whenDrained` tells when it has caught up. */
export interface WatchSink {
  write(line: string): boolean;
  end(): void;
}

/** How one object is written: as itself, or as a row of a table. */
export type EventEncoder = (type: string, stored: StoredObject) => string;

/** Lines of an event are the same for all watches of a kind: built once per event. */
const lines = new WeakMap<StoredObject, Map<string, string>>();

export function plainEncoder(type: ResourceType): EventEncoder {
  const version = apiVersionOf(type);
  return (eventType, stored) => {
    let known = lines.get(stored);
    if (known === undefined) {
      known = new Map();
      lines.set(stored, known);
    }
    const key = `${eventType} ${version}`;
    let line = known.get(key);
    if (line === undefined) {
      line = `{"type":"${eventType}","object":${storedJson(stored.json, type)}}\n`;
      known.set(key, line);
    }
    return line;
  };
}

export const errorLine = (error: ApiError) =>
  `${JSON.stringify({ type: 'ERROR', object: error.toStatus() })}\n`;

/**
 * One running watch: a cursor into the history. A slow reader leaves the cursor behind; when compaction
 * overtakes it, the watch ends with 410 and the client lists again. Nothing is queued per watch.
 */
export class Watch {
  readonly #context: ServerContext;
  readonly #selection: Selection;
  readonly #encode: EventEncoder;
  readonly #sink: WatchSink;
  #rv: number;
  #lastBookmarkRv: number;
  #blocked = false;
  #ended = false;

  constructor(
    context: ServerContext,
    selection: Selection,
    encode: EventEncoder,
    sink: WatchSink,
    fromRv: number,
  ) {
    this.#context = context;
    this.#selection = selection;
    this.#encode = encode;
    this.#sink = sink;
    this.#rv = fromRv;
    this.#lastBookmarkRv = -1;
  }

  get resource(): string {
    return this.#selection.type.storageKey;
  }

  /** Sends the current objects as ADDED, then an optional bookmark that says so. */
  sendInitial(endBookmark: boolean): void {
    const { store } = this.#context;
    this.#rv = store.rv;
    for (const object of store.collection(this.resource).list(this.#selection.namespace))
      if (selects(this.#selection, object)) this.#write(this.#encode('ADDED', object));
    if (endBookmark) this.#writeBookmark({ 'k8s.io/initial-events-end': 'true' });
  }

  /** Starts at this moment, without the objects that exist already. */
  skipToNow(): void {
    this.#rv = this.#context.store.rv;
  }

  /** Sends what has happened since the cursor. */
  pump(): void {
    const { store } = this.#context;
    const collection = store.collection(this.resource);
    while (!this.#blocked && !this.#ended) {
      if (this.#rv < collection.completeAfterRv)
        return this.fail(versionTooOld(this.#rv, collection.completeAfterRv));
      const event = collection.nextEvent(this.#rv);
      if (event === undefined) {
        this.#rv = store.rv;
        return;
      }
      this.#rv = event.rv;
      const line = this.#lineOf(event);
      if (line !== undefined) this.#write(line);
    }
  }

  drained(): void {
    this.#blocked = false;
    this.pump();
  }

  bookmark(): void {
    if (this.#blocked || this.#ended || this.#rv === this.#lastBookmarkRv) return;
    this.#writeBookmark(undefined);
  }

  fail(error: ApiError): void {
    if (this.#ended) return;
    this.#sink.write(errorLine(error));
    this.stop();
  }

  stop(): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#sink.end();
  }

  #write(line: string): void {
    if (!this.#sink.write(line)) this.#blocked = true;
  }

  /** Entering and leaving the selection look like creation and deletion. */
  #lineOf(event: ChangeEvent): string | undefined {
    const before = event.previous !== undefined && selects(this.#selection, event.previous);
    if (event.type === 'DELETED') return before ? this.#encode('DELETED', event.object) : undefined;
    const after = selects(this.#selection, event.object);
    if (after) return this.#encode(before ? 'MODIFIED' : 'ADDED', event.object);
    return before ? this.#encode('DELETED', leaving(event)) : undefined;
  }

  #writeBookmark(annotations: Record<string, string> | undefined): void {
    const { type } = this.#selection;
    this.#lastBookmarkRv = this.#rv;
    const object = {
      kind: type.kind,
      apiVersion: apiVersionOf(type),
      metadata: {
        resourceVersion: String(this.#rv),
        ...(annotations === undefined ? {} : { annotations }),
      },
    };
    this.#write(`${JSON.stringify({ type: 'BOOKMARK', object })}\n`);
  }
}

/** The last state that was selected, under the version at which it stopped being so. */
function leaving(event: ChangeEvent): StoredObject {
  const previous = event.previous!;
  const object = JSON.parse(previous.json) as { metadata: { resourceVersion: string } };
  object.metadata.resourceVersion = String(event.rv);
  return { ...previous, rv: event.rv, json: JSON.stringify(object) };
}
