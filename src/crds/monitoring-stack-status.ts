import type { TProperties } from 'typebox';
import { boolean, choice, integer, mapList, type Of, object, optional, string } from './schema.ts';
import { judgedFields } from './selection-status.ts';
import { dateTime } from './values.ts';

const count = (description: string) => optional(integer({ description, minimum: 0 }));
const hash = (description: string) => optional(string({ description, maxLength: 128 }));

const replica = object(
  {
    pod: string({ description: 'Name of the pod.', maxLength: 253 }),
    component: choice(['prometheus', 'alertmanager'], { description: 'What runs in it.' }),
    shard: count('Shard of a Prometheus.'),
    ready: boolean({ description: 'Whether the pod is ready.' }),
    loaded: boolean({ description: 'Whether it reports the current content as loaded.' }),
    indexHash: hash('Hash of the index that it reports as loaded.'),
    serverVersion: optional(string({ description: 'Version that the server reports.', maxLength: 64 })),
    agentVersion: optional(string({ description: 'Version of its reloader.', maxLength: 64 })),
    quarantined: count('Files that the server refused and that are left out.'),
    error: optional(string({ description: 'What the reloader reports.', maxLength: 2048 })),
    shipping: optional(
      object(
        {
          waitingBlocks: count('Finished blocks that are not in the bucket yet.'),
          heldBlocks: count('Blocks that are not sent because Prometheus compacted them.'),
          oldestWaiting: optional(dateTime('End of the time of the oldest block that waits.')),
          lastUpload: optional(dateTime('When a block was last stored in the bucket.')),
          error: optional(string({ description: 'Why a block waits.', maxLength: 2048 })),
        },
        { description: 'What its shipper reports; absent without a bucket.' },
      ),
    ),
  },
  { description: 'One replica.' },
);

const componentStatus = (name: string) =>
  optional(
    object(
      {
        version: optional(string({ description: 'Version that is rolled out.', maxLength: 64 })),
        replicas: count('Pods that should run.'),
        readyReplicas: count('Pods that are ready.'),
        updatedReplicas: count('Pods of the current template.'),
        loadedReplicas: count('Pods that report the current content as loaded.'),
      },
      { description: `State of ${name}.` },
    ),
  );

const objectCounts = <P extends TProperties>(what: string, more: P) =>
  optional(
    object(
      {
        selected: count('Selected and permitted.'),
        accepted: count('Of those, without a fault.'),
        ...more,
      },
      { description: `${what} that take effect in this stack.` },
    ),
  );

export const monitoringStackStatus = object(
  {
    ...judgedFields,
    prometheus: componentStatus('Prometheus'),
    alertmanager: componentStatus('Alertmanager'),
    query: optional(
      object(
        {
          replicas: count('Pods that should run.'),
          readyReplicas: count('Pods that are ready.'),
          updatedReplicas: count('Pods of the current template.'),
        },
        { description: 'State of the query servers.' },
      ),
    ),
    shards: optional(
      mapList(
        object(
          {
            shard: integer({ format: 'int32', minimum: 0, description: 'Number of the shard.' }),
            replicas: count('Pods that should run.'),
            readyReplicas: count('Pods that are ready.'),
            loadedReplicas: count('Pods that report the current content as loaded.'),
            indexHash: hash('Hash of the index that its replicas should load.'),
          },
          { description: 'One shard.' },
        ),
        ['shard'],
        { description: 'State of each Prometheus shard.', maxItems: 64 },
      ),
    ),
    alertmanagerIndexHash: hash('Hash of the index that the Alertmanager replicas should load.'),
    replicas: optional(
      mapList(replica, ['pod'], {
        description: 'State of each replica, as far as the list is long; troubled ones first.',
        maxItems: 128,
      }),
    ),
    ruleSets: objectCounts('AlertRuleSets', {
      partial: count(
        'Of those, with rules that combine targets: each shard evaluates them over its own targets only. Absent for one shard.',
      ),
    }),
    routes: objectCounts('AlertRoutes', {}),
    ready: optional(
      object(
        {
          prometheus: optional(string({ description: 'Ready of all: `2/2`.', maxLength: 32 })),
          alertmanager: optional(string({ description: 'Ready of all: `3/3`.', maxLength: 32 })),
          query: optional(string({ description: 'Ready of all: `1/1`.', maxLength: 32 })),
          loaded: optional(
            string({ description: 'Replicas with current content, of all: `5/5`.', maxLength: 32 }),
          ),
        },
        { description: 'The columns that kubectl prints.' },
      ),
    ),
    agentImage: optional(
      string({ description: 'Agent image in the pod templates that are live.', maxLength: 1024 }),
    ),
  },
  { description: 'State of the stack; written by the operator.' },
);

export type MonitoringStackStatus = Of<typeof monitoringStackStatus>;
export type ReplicaStatus = Of<typeof replica>;
