import { apiVersionOf, type ResourceType } from '../kinds/resource-type.ts';
import type { JsonObject, KubeObject } from '../object.ts';
import type { StoredObject } from '../store/collection.ts';
import type { ServerContext } from './context.ts';
import { fromStored, itemJson, storedJson } from './decode.ts';
import type { Page } from './list.ts';

/** How a client wants to see objects: whole, as table rows, or metadata only. */
export type Presentation = 'object' | 'table' | 'metadata';

/** The first form in an Accept header that this server can write; undefined when there is none. */
export function presentationOf(accept: string | undefined): Presentation | undefined {
  if (accept === undefined || accept.trim() === '') return 'object';
  for (const range of accept.split(',')) {
    const [media = '', ...parameters] = range.split(';').map((part) => part.trim());
    if (!['application/json', 'application/*', '*/*', 'application/yaml'].includes(media)) continue;
    const as = parameters.find((parameter) => parameter.startsWith('as='))?.slice(3);
    if (as === undefined) return 'object';
    if (as === 'Table') return 'table';
    if (as === 'PartialObjectMetadata' || as === 'PartialObjectMetadataList') return 'metadata';
  }
  return undefined;
}

const metaVersion = 'meta.k8s.io/v1';

const partial = (object: KubeObject): JsonObject => ({
  kind: 'PartialObjectMetadata',
  apiVersion: metaVersion,
  metadata: object.metadata,
});

interface TableOptions {
  readonly nowMs: number;
  /** `includeObject`: None, Metadata or Object. */
  readonly include: string;
  readonly headers: boolean;
}

function columnDefinitions(type: ResourceType): JsonObject[] {
  return type.columns.map((column) => ({
    name: column.name,
    type: column.type,
    format: column.format ?? '',
    description: column.description ?? '',
    priority: column.priority,
  }));
}

function row(object: KubeObject, type: ResourceType, options: TableOptions): JsonObject {
  const shown = options.include === 'None' ? null : options.include === 'Object' ? object : partial(object);
  return { cells: type.columns.map((column) => column.value(object, options.nowMs) ?? null), object: shown };
}

function table(
  objects: readonly KubeObject[],
  type: ResourceType,
  metadata: JsonObject,
  options: TableOptions,
): string {
  return JSON.stringify({
    kind: 'Table',
    apiVersion: metaVersion,
    metadata,
    columnDefinitions: options.headers ? columnDefinitions(type) : null,
    rows: objects.map((object) => row(object, type, options)),
  });
}

export class Presenter {
  readonly #context: ServerContext;
  readonly #type: ResourceType;
  readonly #presentation: Presentation;
  readonly #include: string;
  #sentHeaders = false;

  constructor(
    context: ServerContext,
    type: ResourceType,
    presentation: Presentation,
    query: URLSearchParams,
  ) {
    this.#context = context;
    this.#type = type;
    this.#presentation = presentation;
    this.#include = query.get('includeObject') ?? 'Metadata';
  }

  /** One object in the wanted form. */
  object(object: KubeObject): string {
    if (this.#presentation === 'object') return JSON.stringify(object);
    if (this.#presentation === 'metadata') return JSON.stringify(partial(object));
    return table(
      [object],
      this.#type,
      { resourceVersion: object.metadata.resourceVersion },
      this.#tableOptions(true),
    );
  }

  stored(stored: StoredObject): string {
    return this.#presentation === 'object'
      ? storedJson(stored.json, this.#type)
      : this.object(fromStored(stored.json, this.#type));
  }

  list(page: Page): string {
    const metadata = {
      resourceVersion: String(page.rv),
      ...(page.continueToken === undefined ? {} : { continue: page.continueToken }),
      ...(page.remaining === undefined ? {} : { remainingItemCount: page.remaining }),
    };
    const type = this.#type;
    if (this.#presentation === 'object') {
      const head = JSON.stringify({ kind: type.listKind, apiVersion: apiVersionOf(type), metadata });
      return `${head.slice(0, -1)},"items":[${page.items.map((item) => itemJson(item.json, type)).join(',')}]}`;
    }
    const objects = page.items.map((item) => fromStored(item.json, type));
    if (this.#presentation === 'table') return table(objects, type, metadata, this.#tableOptions(true));
    return JSON.stringify({
      kind: 'PartialObjectMetadataList',
      apiVersion: metaVersion,
      metadata,
      items: objects.map(partial),
    });
  }

  /** A watch event line; only the first table of a watch carries its column definitions. */
  event(eventType: string, stored: StoredObject): string {
    const object = fromStored(stored.json, this.#type);
    if (this.#presentation === 'metadata')
      return `${JSON.stringify({ type: eventType, object: partial(object) })}\n`;
    const headers = !this.#sentHeaders;
    this.#sentHeaders = true;
    const body = table(
      [object],
      this.#type,
      { resourceVersion: object.metadata.resourceVersion },
      this.#tableOptions(headers),
    );
    return `{"type":"${eventType}","object":${body}}\n`;
  }

  #tableOptions(headers: boolean): TableOptions {
    return { nowMs: this.#context.clock.nowMs(), include: this.#include, headers };
  }
}
