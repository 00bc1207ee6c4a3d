import { respondJson } from '../http/respond.ts';
import type { ExtraHandler } from '../http/server.ts';
import { type KubeObject, listAt } from '../object.ts';
import type { ServerContext } from '../rest/context.ts';
import { isFinalized, removeNow, save } from '../rest/write.ts';
import { objectBody, storedOf } from './shared.ts';

/** PUT namespaces/NAME/finalize: sets `spec.finalizers`, and removes a terminating namespace without any. */
export function finalizeHandler(context: ServerContext): ExtraHandler {
  return async (call) => {
    const { type, path, request, response } = call;
    if (type.storageKey !== 'namespaces' || path.subresource !== 'finalize' || request.method !== 'PUT')
      return false;
    const body = await objectBody(call);
    const stored = storedOf(context, call);
    const namespace = JSON.parse(stored.json) as KubeObject;
    const next = { ...namespace, spec: { finalizers: listAt(body, 'spec', 'finalizers') } };
    const once = { dryRun: false };
    if (isFinalized(next)) removeNow(context, type, stored, next, once);
    else save(context, type, '', stored.name, next, once);
    respondJson(response, 200, JSON.stringify(next));
    return true;
  };
}
