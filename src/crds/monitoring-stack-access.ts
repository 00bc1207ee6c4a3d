import { boolean, choice, object, optional, setList, string } from './schema.ts';
import { secretKeySelector } from './values.ts';

/** `spec.tls` and `spec.access` of a MonitoringStack. */
export const tls = object(
  {
    mode: optional(
      choice(['Required', 'Disabled'], {
        description:
          'Required: every port of the stack asks its clients for a certificate of the stack, and so do the members of the Alertmanager cluster; the operator issues and renews the certificates. Disabled: plain HTTP to anybody who reaches a port, for networks that authenticate by themselves. Absent: Disabled.',
      }),
    ),
  },
  { description: 'How the parts of the stack, and others, are known to each other.' },
);

export const access = object(
  {
    anonymous: optional(
      boolean({ description: 'Whether anybody who reaches the query servers may read.', default: false }),
    ),
    tokens: optional(
      object(
        {
          enabled: optional(
            boolean({
              description:
                'Whether Kubernetes bearer tokens are taken (TokenReview) of whoever may `get` the subresource `monitoringstacks/query` of this stack (SubjectAccessReview). The account of the query servers must be bound to the ClusterRole system:auth-delegator.',
              default: false,
            }),
          ),
        },
        { description: 'Accounts of Kubernetes.' },
      ),
    ),
    basic: optional(secretKeySelector),
    clientCa: optional(secretKeySelector),
    proxyHeaders: optional(
      object(
        {
          userHeader: optional(
            string({
              description: 'Header that names the user.',
              default: 'X-Forwarded-User',
              minLength: 1,
              maxLength: 128,
              pattern: '^[A-Za-z][A-Za-z0-9-]*$',
            }),
          ),
          proxies: setList(
            string({
              description: "DNS name of the proxy's client certificate.",
              minLength: 1,
              maxLength: 253,
              pattern: '^[a-z0-9][a-z0-9.-]*$',
            }),
            {
              description: 'Who is believed; each proves itself by a client certificate.',
              minItems: 1,
              maxItems: 16,
            },
          ),
        },
        { description: 'A proxy that authenticates people, such as one for OpenID Connect.' },
      ),
    ),
  },
  {
    description:
      "Who may read through the query servers, beside the stack's own parts. basic: lines `user:bcrypt hash`; clientCa: certificates of authorities whose clients may read. A changed Secret is in use within two minutes, without a restart.",
  },
);
