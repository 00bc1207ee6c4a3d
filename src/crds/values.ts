import { Type } from 'typebox';
import { atomicList, choice, mapOf, type Of, object, optional, string } from './schema.ts';

/** Scalars and small objects that several kinds share. */

/** Prometheus's own form: `1d12h`, units in falling order, or `0`. (model.ParseDuration of prometheus/common) */
export const durationPattern =
  '^(0|(([0-9]+)y)?(([0-9]+)w)?(([0-9]+)d)?(([0-9]+)h)?(([0-9]+)m)?(([0-9]+)s)?(([0-9]+)ms)?)$';

/** A Prometheus duration such as `30s`, `5m`, `1d12h`. */
export function duration(description: string, options: { default?: string } = {}) {
  return string({ description, minLength: 1, maxLength: 64, pattern: durationPattern, ...options });
}

/** Go's time.ParseDuration: what Alertmanager takes in the few places where it does not take Prometheus durations. */
export function goDuration(description: string) {
  return string({
    description,
    minLength: 1,
    maxLength: 64,
    pattern: '^(0|([0-9]+(\\.[0-9]+)?(ns|us|µs|ms|s|m|h))+)$',
  });
}

/** A Kubernetes quantity: `50GiB`-like byte sizes are written `50Gi`, counts `50k` or `2M`. */
export const quantityPattern = '^[0-9]+(\\.[0-9]+)?([KMGTPE]i|[munkMGTPE]|[eE][0-9]+)?$';

export function quantity(description: string, options: { default?: string | number } = {}) {
  return Type.Unsafe<string | number>({
    description,
    'x-kubernetes-int-or-string': true,
    pattern: quantityPattern,
    maxLength: 32,
    minimum: 0,
    ...options,
  });
}

export function dateTime(description: string) {
  return string({ description, format: 'date-time', maxLength: 64 });
}

/** Name of a Kubernetes object (RFC 1123 subdomain). */
export function objectName(description: string) {
  return string({
    description,
    minLength: 1,
    maxLength: 253,
    pattern: '^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$',
  });
}

export const secretKeySelector = object(
  {
    name: objectName('Name of the Secret.'),
    key: string({
      description: 'Key in the Secret.',
      minLength: 1,
      maxLength: 253,
      pattern: '^[-._a-zA-Z0-9]+$',
    }),
  },
  { description: 'A key of a Secret in the same namespace.' },
);

/** A value that is only ever taken from a Secret of the object's own namespace. */
export function secretValue(description: string) {
  return object({ secretKeyRef: secretKeySelector }, { description });
}

const labelKey = { minLength: 1, maxLength: 317 } as const;

export function labelSelector(description: string) {
  return object(
    {
      matchLabels: optional(
        mapOf(string({ description: 'Value that the label must have.', maxLength: 63 }), {
          description: 'Labels that must all be present with these values.',
          maxProperties: 32,
        }),
      ),
      matchExpressions: optional(
        atomicList(
          object(
            {
              key: string({ description: 'Label key.', ...labelKey }),
              operator: choice(['In', 'NotIn', 'Exists', 'DoesNotExist'], { description: 'How to compare.' }),
              values: optional(
                atomicList(string({ description: 'A value.', maxLength: 63 }), {
                  description: 'Values for In and NotIn.',
                  maxItems: 64,
                }),
              ),
            },
            {
              description: 'One requirement.',
              rules: [
                {
                  rule: "self.operator in ['In', 'NotIn'] ? has(self.values) && size(self.values) > 0 : !has(self.values) || size(self.values) == 0",
                  message: 'In and NotIn need values, Exists and DoesNotExist take none',
                },
              ],
            },
          ),
          { description: 'Requirements that must all hold.', maxItems: 32 },
        ),
      ),
    },
    { description },
  );
}

/** Matchers in Alertmanager's string form. */
export function matcherList(description: string, options: { minItems?: number } = {}) {
  return atomicList(
    string({
      description: 'A matcher: `name="value"`, or with `!=`, `=~`, `!~`.',
      minLength: 1,
      maxLength: 4096,
    }),
    { description, maxItems: 64, ...options },
  );
}

/** Prometheus label names to values. */
export function labelMap(description: string) {
  return mapOf(string({ description: 'Label value.', maxLength: 8192 }), { description, maxProperties: 64 });
}

export const suspend = {
  suspend: optional(
    Type.Boolean({
      description:
        'When true the operator leaves everything that exists for this object as it is, and changes nothing until it is false again.',
    }),
  ),
};

export type SecretKeySelector = Of<typeof secretKeySelector>;
export type SecretValue = { readonly secretKeyRef: SecretKeySelector };
export type LabelSelector = Of<ReturnType<typeof labelSelector>>;
