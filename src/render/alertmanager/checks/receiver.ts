/** One receiver of an AlertRoute, of whatever types, in Alertmanager's own form. */
import type { PassThroughReceiver, Receiver } from '../../../crds/alert-route.ts';
import type { RenderedReceiver } from '../fragment.ts';
import {
  type FieldContext,
  isRecord,
  notInVersion,
  renderObject,
  SecretRef,
} from '../receivers/render-fields.ts';
import type { Resolved } from '../receivers/schema.ts';
import { type ReceiverType, receiverTypes } from '../receivers/table.ts';
import { atLeast } from '../version.ts';
import { platformCredentialFault } from './platform-credentials.ts';

type Context = Omit<FieldContext, 'mode'>;

/** Faults are added to the context's list; the caller leaves the receiver out when there are any. */
export function renderReceiver(
  receiver: Receiver,
  path: string,
  name: string,
  context: Context,
): RenderedReceiver {
  const configs = new Map<string, unknown[]>();
  const add = (type: string, value: unknown, at: string, mode: FieldContext['mode']) => {
    const { configKey, schema, since } = receiverTypes[type]!;
    const inMode = { ...context, mode };
    if (!atLeast(context.version, since ?? '0.0.0')) return notInVersion(at, since!, inMode);
    const rendered = renderChecked({ configKey, schema }, value, at, inMode);
    configs.set(configKey, [...(configs.get(configKey) ?? []), rendered]);
  };
  for (const [key, value] of Object.entries(receiver)) {
    if (key === 'name' || key === 'passThrough' || value === undefined) continue;
    if (Object.hasOwn(receiverTypes, key)) add(key, value, `${path}.${key}`, 'typed');
    else context.faults.add(`${path}.${key}`, 'FieldUnknown', 'there is no such receiver type');
  }
  receiver.passThrough?.forEach((entry, index) => {
    const at = `${path}.passThrough[${index}]`;
    if (Object.hasOwn(receiverTypes, entry.type))
      add(entry.type, withSecrets(entry), `${at}.config`, 'verbatim');
    else context.faults.add(`${at}.type`, 'FieldUnknown', 'there is no such receiver type');
  });
  return { name, ...Object.fromEntries([...configs].sort(([a], [b]) => (a < b ? -1 : 1))) };
}

/** Checks a receiver in Alertmanager's own form: an earlier result, or the platform's. */
export function recheckReceiver(receiver: RenderedReceiver, path: string, context: FieldContext): void {
  for (const [key, list] of Object.entries(receiver)) {
    if (key === 'name') continue;
    const type = Object.values(receiverTypes).find(({ configKey }) => configKey === key);
    if (type === undefined || !Array.isArray(list))
      context.faults.add(`${path}.${key}`, 'FieldUnknown', 'is no receiver type');
    else if (!atLeast(context.version, type.since ?? '0.0.0'))
      notInVersion(`${path}.${key}`, type.since!, context);
    else {
      list.forEach((value, index) => {
        renderChecked(type, value, `${path}.${key}[${index}]`, context);
      });
    }
  }
}

function renderChecked(
  { configKey, schema }: Pick<ReceiverType, 'configKey' | 'schema'>,
  value: unknown,
  path: string,
  context: FieldContext,
): Resolved {
  const before = context.faults.length;
  const rendered = renderObject(schema, value, path, context);
  if (context.mode === 'trusted' || context.faults.length > before) return rendered;
  const fault = platformCredentialFault(configKey, rendered, context.global);
  if (fault !== undefined) context.faults.add(path, 'PlatformCredential', fault);
  return rendered;
}

/** `config` with a reference at each place that `secretFields` names. */
function withSecrets({ config, secretFields }: PassThroughReceiver): unknown {
  let result: unknown = config;
  for (const { path, secretKeyRef } of secretFields ?? []) {
    result = withValue(result, path.split('.'), new SecretRef(secretKeyRef.name, secretKeyRef.key));
  }
  return result;
}

function withValue(target: unknown, [step, ...rest]: readonly string[], value: SecretRef): unknown {
  if (step === undefined) return value;
  if (Array.isArray(target)) {
    return target.map((item, index) => (String(index) === step ? withValue(item, rest, value) : item));
  }
  const object = isRecord(target) ? target : {};
  return {
    ...object,
    [step]: withValue(Object.hasOwn(object, step) ? object[step] : undefined, rest, value),
  };
}
