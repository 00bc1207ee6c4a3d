import { conflict, fault, invalid } from '../api-error.ts';
import { writeOptions } from '../http/options.ts';
import { respondJson } from '../http/respond.ts';
import type { ExtraHandler } from '../http/server.ts';
import { isObject, type JsonObject, type KubeObject, kubeTime, listAt, stringAt } from '../object.ts';
import type { ServerContext } from '../rest/context.ts';
import { deleteObject, deleteOptions } from '../rest/delete.ts';
import { save } from '../rest/write.ts';
import { objectBody, storedOf } from './shared.ts';

const created = JSON.stringify({
  kind: 'Status',
  apiVersion: 'v1',
  metadata: {},
  status: 'Success',
  code: 201,
});

/** POST pods/NAME/binding: what the scheduler decides. */
export function bindingHandler(context: ServerContext): ExtraHandler {
  return async (call) => {
    const { type, path, request, response, query } = call;
    if (type.storageKey !== 'pods' || path.subresource !== 'binding' || request.method !== 'POST')
      return false;
    const body = await objectBody(call);
    const node = stringAt(body, 'target', 'name') ?? '';
    if (node === '')
      throw invalid({ group: '', kind: 'Binding' }, path.name, [fault.required('target.name')]);
    const stored = storedOf(context, call);
    const pod = JSON.parse(stored.json) as KubeObject;
    if (pod.metadata.deletionTimestamp !== undefined)
      throw conflict(
        { group: '', plural: 'pods/binding' },
        path.name,
        `pod ${path.name} is being deleted, cannot be assigned to a host`,
      );
    const assigned = stringAt(pod, 'spec', 'nodeName') ?? '';
    if (assigned !== '')
      throw conflict(
        { group: '', plural: 'pods/binding' },
        path.name,
        `pod ${path.name} is already assigned to node "${assigned}"`,
      );
    const { annotations } = isObject(body.metadata) ? body.metadata : {};
    if (isObject(annotations))
      pod.metadata.annotations = { ...pod.metadata.annotations, ...(annotations as Record<string, string>) };
    pod.spec = { ...(pod.spec as JsonObject), nodeName: node };
    const status = (pod.status ?? {}) as JsonObject;
    const now = kubeTime(context.clock.nowMs());
    const others = listAt(status, 'conditions').filter((item) => stringAt(item, 'type') !== 'PodScheduled');
    pod.status = {
      ...status,
      conditions: [
        ...others,
        { type: 'PodScheduled', status: 'True', lastProbeTime: null, lastTransitionTime: now },
      ],
    };
    save(
      context,
      type,
      stored.namespace,
      stored.name,
      pod,
      writeOptions(query, request.headers['user-agent'], 'create'),
    );
    respondJson(response, 201, created);
    return true;
  };
}

/** POST pods/NAME/eviction: a deletion that budgets could refuse; nothing here disrupts, so none does. */
export function evictionHandler(context: ServerContext): ExtraHandler {
  return async (call) => {
    const { type, path, request, response, query } = call;
    if (type.storageKey !== 'pods' || path.subresource !== 'eviction' || request.method !== 'POST')
      return false;
    const body = await objectBody(call);
    const stored = storedOf(context, call);
    deleteObject(context, type, stored, deleteOptions(query, body.deleteOptions));
    respondJson(response, 201, created);
    return true;
  };
}
