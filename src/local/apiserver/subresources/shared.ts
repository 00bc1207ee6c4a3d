import { badRequest, notFound } from '../api-error.ts';
import { checkObjectMediaType, mediaTypeOf, readObjectBody } from '../http/body.ts';
import type { ResourceRequest } from '../http/call.ts';
import { isObject, type JsonObject } from '../object.ts';
import type { ServerContext } from '../rest/context.ts';
import type { StoredObject } from '../store/collection.ts';

export function storedOf(context: ServerContext, { type, path }: ResourceRequest): StoredObject {
  const found = context.store.get(type.storageKey, path.namespace, path.name);
  if (found === undefined) throw notFound(type, path.name);
  return found;
}

/** The body of a subresource request as an object. */
export async function objectBody({ request }: ResourceRequest): Promise<JsonObject> {
  checkObjectMediaType(mediaTypeOf(request.headers['content-type']));
  const body = await readObjectBody(request);
  if (!isObject(body)) throw badRequest('the body of the request is not an object');
  return body;
}
