import { fault, invalid, methodNotAllowed, noSuchResource } from '../api-error.ts';
import { mediaTypeOf, readObjectBody } from '../http/body.ts';
import type { ResourceRequest } from '../http/call.ts';
import { writeOptions } from '../http/options.ts';
import { respondJson } from '../http/respond.ts';
import type { ExtraHandler } from '../http/server.ts';
import type { ScalePaths } from '../kinds/resource-type.ts';
import {
  cloneJson,
  isObject,
  type JsonObject,
  type KubeObject,
  numberAt,
  stringAt,
  valueAt,
} from '../object.ts';
import { applyJsonPatch } from '../patch/json-patch.ts';
import { applyMergePatch } from '../patch/merge-patch.ts';
import type { ServerContext } from '../rest/context.ts';
import { fromStored } from '../rest/decode.ts';
import { labelSelectorText } from '../rest/label-selector.ts';
import { patchTypes } from '../rest/patch.ts';
import { update } from '../rest/write.ts';
import { storedOf } from './shared.ts';

/** GET, PUT and PATCH of NAME/scale: the replica count of an object as an autoscaling/v1 Scale. */
export function scaleHandler(context: ServerContext): ExtraHandler {
  return async (call) => {
    const { type, path, request, response, query } = call;
    if (path.subresource !== 'scale') return false;
    if (type.scale === undefined) throw noSuchResource();
    const paths = type.scale;
    const stored = storedOf(context, call);
    const live = scaleOf(fromStored(stored.json, type), paths);
    if (request.method === 'GET') {
      respondJson(response, 200, JSON.stringify(live));
      return true;
    }
    if (request.method !== 'PUT' && request.method !== 'PATCH') throw methodNotAllowed();
    const wanted = await wantedScale(call, live);
    const replicas = numberAt(wanted, 'spec', 'replicas') ?? 0;
    if (replicas < 0)
      throw invalid({ group: 'autoscaling', kind: 'Scale' }, path.name, [
        fault.invalid('spec.replicas', replicas, 'must be greater than or equal to 0'),
      ]);
    const options = writeOptions(
      query,
      request.headers['user-agent'],
      request.method === 'PUT' ? 'update' : 'patch',
    );
    const version = stringAt(wanted, 'metadata', 'resourceVersion');
    const written = update(
      context,
      type,
      stored,
      (object) => ({ next: withReplicas(object, paths, replicas, version) }),
      options,
      'scale',
    );
    respondJson(response, 200, JSON.stringify(scaleOf(written.object, paths)));
    return true;
  };
}

async function wantedScale({ request }: ResourceRequest, live: JsonObject): Promise<unknown> {
  const body = await readObjectBody(request);
  if (request.method === 'PUT') return body;
  return mediaTypeOf(request.headers['content-type']) === patchTypes.json
    ? applyJsonPatch(live, body)
    : applyMergePatch(live, body);
}

function withReplicas(
  object: KubeObject,
  paths: ScalePaths,
  replicas: number,
  version: string | undefined,
): KubeObject {
  const next = cloneJson(object);
  let at: JsonObject = next;
  for (const step of paths.specReplicas.slice(0, -1)) {
    if (!isObject(at[step])) at[step] = {};
    at = at[step] as JsonObject;
  }
  at[paths.specReplicas.at(-1)!] = replicas;
  if (version !== undefined && version !== '') next.metadata.resourceVersion = version;
  return next;
}

function scaleOf(object: KubeObject, paths: ScalePaths): JsonObject {
  const { name, namespace, uid, resourceVersion, creationTimestamp } = object.metadata;
  const selector = paths.selector === undefined ? undefined : valueAt(object, ...paths.selector);
  return {
    kind: 'Scale',
    apiVersion: 'autoscaling/v1',
    metadata: { name, namespace, uid, resourceVersion, creationTimestamp },
    spec: { replicas: numberAt(object, ...paths.specReplicas) ?? 0 },
    status: {
      replicas: numberAt(object, ...paths.statusReplicas) ?? 0,
      ...(selector === undefined
        ? {}
        : { selector: typeof selector === 'string' ? selector : labelSelectorText(selector) }),
    },
  };
}
