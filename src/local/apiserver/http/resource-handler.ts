import type { IncomingMessage } from 'node:http';
import { methodNotAllowed, noSuchResource, notFound } from '../api-error.ts';
import type { ResourceType } from '../kinds/resource-type.ts';
import type { ServerContext } from '../rest/context.ts';
import { decodeObject } from '../rest/decode.ts';
import { deleteObject, deleteOptions } from '../rest/delete.ts';
import { listPage, selectionOf, selects } from '../rest/list.ts';
import { applyObject, forceNotAllowed, managerRequired, patchObject, patchTypes } from '../rest/patch.ts';
import { Presenter, presentationOf } from '../rest/present.ts';
import { create, update, type Written } from '../rest/write.ts';
import type { StoredObject } from '../store/collection.ts';
import { checkObjectMediaType, mediaTypeOf, parseBody, readBody } from './body.ts';
import type { ResourceRequest } from './call.ts';
import { notAcceptable, writeOptions } from './options.ts';
import { addWarnings, respondJson } from './respond.ts';
import type { ResourcePath } from './route.ts';
import type { WatchRegistry } from './watches.ts';

/** CRUD, list, watch and patch of resources and of their status. */
export class ResourceHandler {
  readonly #context: ServerContext;
  readonly #watches: WatchRegistry;

  constructor(context: ServerContext, watches: WatchRegistry) {
    this.#context = context;
    this.#watches = watches;
  }

  async handle(call: ResourceRequest): Promise<void> {
    const { type, path, request } = call;
    const subresource = path.subresource;
    if (subresource !== '' && !(subresource === 'status' && type.status)) throw noSuchResource();
    if (type.namespaced && path.namespace === '' && (path.name !== '' || request.method !== 'GET')) {
      if (path.name !== '') throw noSuchResource();
      throw methodNotAllowed();
    }
    if (!type.namespaced && path.namespace !== '') throw noSuchResource();
    if (type.warning !== undefined) addWarnings(call.response, [type.warning]);
    switch (request.method) {
      case 'GET':
        return path.name === '' ? this.#list(call) : this.#get(call);
      case 'POST':
        if (path.name === '') return this.#create(call);
        break;
      case 'PUT':
        if (path.name !== '') return this.#put(call);
        break;
      case 'PATCH':
        if (path.name !== '') return this.#patch(call);
        break;
      case 'DELETE':
        if (subresource === '') return path.name === '' ? this.#deleteMany(call) : this.#delete(call);
        break;
    }
    throw methodNotAllowed();
  }

  stored(type: ResourceType, path: ResourcePath): StoredObject {
    const found = this.#context.store.get(type.storageKey, path.namespace, path.name);
    if (found === undefined) throw notFound(type, path.name);
    return found;
  }

  presenter({ request, type, query }: ResourceRequest): Presenter {
    const presentation = presentationOf(request.headers.accept);
    if (presentation === undefined) throw notAcceptable();
    return new Presenter(this.#context, type, presentation, query);
  }

  #get(call: ResourceRequest): void {
    respondJson(call.response, 200, this.presenter(call).stored(this.stored(call.type, call.path)));
  }

  #list(call: ResourceRequest): void {
    const selection = selectionOf(call.type, call.path.namespace, call.query);
    const watch = call.query.get('watch');
    if (watch === 'true' || watch === '1') return this.#watches.start(call, selection);
    respondJson(
      call.response,
      200,
      this.presenter(call).list(listPage(this.#context, selection, call.query)),
    );
  }

  async #create(call: ResourceRequest): Promise<void> {
    const { type, path, query, request } = call;
    const presenter = this.presenter(call);
    const body = await this.#objectBody(request);
    const options = writeOptions(query, request.headers['user-agent'], 'create');
    const written = create(this.#context, type, path.namespace, decodeObject(body, type, options), options);
    addWarnings(call.response, options.warnings);
    respondJson(call.response, 201, presenter.object(written.object));
  }

  async #put(call: ResourceRequest): Promise<void> {
    const { type, path, query, request } = call;
    const presenter = this.presenter(call);
    const body = await this.#objectBody(request);
    const options = writeOptions(query, request.headers['user-agent'], 'update');
    const next = decodeObject(body, type, options);
    const stored = this.#context.store.get(type.storageKey, path.namespace, path.name);
    let written: Written;
    if (stored === undefined && type.strategy.createOnUpdate === true && path.subresource === '') {
      next.metadata.name ??= path.name;
      delete next.metadata.resourceVersion;
      written = create(this.#context, type, path.namespace, next, options);
    } else {
      const subresource = path.subresource === 'status' ? 'status' : '';
      written = update(this.#context, type, this.stored(type, path), () => ({ next }), options, subresource);
    }
    this.#answer(call, presenter, written, options.warnings);
  }

  async #patch(call: ResourceRequest): Promise<void> {
    const { type, path, query, request } = call;
    const presenter = this.presenter(call);
    const mediaType = mediaTypeOf(request.headers['content-type']);
    const patch = parseBody(await readBody(request), mediaType);
    const options = writeOptions(query, request.headers['user-agent'], 'patch');
    const subresource = path.subresource === 'status' ? 'status' : '';
    const isApply = mediaType === patchTypes.apply;
    if (isApply && !query.get('fieldManager')) throw managerRequired();
    if (!isApply && query.get('force')) throw forceNotAllowed();
    let written: Written;
    if (isApply) {
      if (subresource !== '') this.stored(type, path);
      written = applyObject(this.#context, type, path, patch, options, subresource);
    } else
      written = patchObject(
        this.#context,
        type,
        this.stored(type, path),
        mediaType,
        patch,
        options,
        subresource,
      );
    this.#answer(call, presenter, written, options.warnings);
  }

  #answer(call: ResourceRequest, presenter: Presenter, written: Written, warnings: readonly string[]): void {
    addWarnings(call.response, warnings);
    respondJson(call.response, written.created ? 201 : 200, presenter.object(written.object));
  }

  async #delete(call: ResourceRequest): Promise<void> {
    const { type, path, query, request } = call;
    const presenter = this.presenter(call);
    const body = parseBody(await readBody(request), mediaTypeOf(request.headers['content-type']));
    const stored = this.stored(type, path);
    const { object, gone } = deleteObject(this.#context, type, stored, deleteOptions(query, body));
    if (!gone || type.strategy.returnsDeleted === true)
      return respondJson(call.response, 200, presenter.object(object));
    respondJson(call.response, 200, JSON.stringify(deletedStatus(type, stored)));
  }

  async #deleteMany(call: ResourceRequest): Promise<void> {
    const { type, path, query, request } = call;
    const presenter = this.presenter(call);
    const body = parseBody(await readBody(request), mediaTypeOf(request.headers['content-type']));
    const options = deleteOptions(query, body);
    const selection = selectionOf(type, path.namespace, query);
    const { store } = this.#context;
    const items = store
      .collection(type.storageKey)
      .list(path.namespace)
      .filter((object) => selects(selection, object));
    for (const stored of items) deleteObject(this.#context, type, stored, options);
    respondJson(
      call.response,
      200,
      presenter.list({ items, rv: store.rv, continueToken: undefined, remaining: undefined }),
    );
  }

  async #objectBody(request: IncomingMessage): Promise<unknown> {
    const mediaType = mediaTypeOf(request.headers['content-type']);
    checkObjectMediaType(mediaType);
    return parseBody(await readBody(request), mediaType);
  }
}

function deletedStatus(type: ResourceType, stored: StoredObject) {
  return {
    kind: 'Status',
    apiVersion: 'v1',
    metadata: {},
    status: 'Success',
    details: {
      name: stored.name,
      ...(type.group === '' ? {} : { group: type.group }),
      kind: type.plural,
      uid: stored.uid,
    },
  };
}
