import type { CustomResource } from './metadata.ts';
import { access, tls } from './monitoring-stack-access.ts';
import type { MonitoringStackStatus } from './monitoring-stack-status.ts';
import { keepList } from './retention-policy.ts';
import {
  boolean,
  choice,
  integer,
  mapList,
  mapOf,
  type Of,
  object,
  optional,
  passThrough,
  setList,
  string,
} from './schema.ts';
import {
  duration,
  labelMap,
  labelSelector,
  objectName,
  quantity,
  secretKeySelector,
  suspend,
} from './values.ts';

const version = (what: string, fallback: string) =>
  optional(
    string({
      description: `Version of ${what}, as its release is named.`,
      default: fallback,
      maxLength: 64,
      pattern: '^v[0-9]+\\.[0-9]+\\.[0-9]+(-[0-9A-Za-z.-]+)?$',
    }),
  );

const image = optional(
  string({
    description: 'Container image, instead of the one that follows from the version; may end in a digest.',
    minLength: 1,
    maxLength: 1024,
    pattern: '^[^\\s]+$',
  }),
);

const resourceAmounts = (description: string) =>
  optional(mapOf(quantity('Amount.'), { description, maxProperties: 16 }));

const resources = optional(
  object(
    { requests: resourceAmounts('What is set aside.'), limits: resourceAmounts('What may be used at most.') },
    { description: 'CPU and memory of the server container.' },
  ),
);

const storage = optional(
  object(
    {
      size: quantity('Size of the volume of each replica; may grow.'),
      storageClassName: optional(objectName("StorageClass; default: the cluster's.")),
      whenDeleted: optional(
        choice(['Retain', 'Delete'], {
          description: 'What becomes of the volumes when the stack is deleted.',
          default: 'Retain',
        }),
      ),
    },
    {
      description: 'A volume for each replica; without it data is lost when a pod goes.',
      rules: [
        {
          rule: 'has(self.storageClassName) == has(oldSelf.storageClassName) && (!has(self.storageClassName) || self.storageClassName == oldSelf.storageClassName)',
          message: 'storageClassName cannot be changed: volumes do not move between classes',
        },
      ],
    },
  ),
);

const extraArgs = optional(
  mapList(
    object(
      {
        name: string({
          description: 'Flag without dashes.',
          minLength: 1,
          maxLength: 128,
          pattern: '^[a-z][a-z0-9.-]*$',
        }),
        value: optional(string({ description: 'Value; none for a switch.', maxLength: 4096 })),
      },
      { description: 'One flag.' },
    ),
    ['name'],
    {
      description:
        'Further command-line flags. A flag that the operator sets itself, that the version of the server does not know, or whose value it cannot read is left out and named in the Accepted condition.',
      maxItems: 64,
    },
  ),
);

const featureFlags = optional(
  setList(
    string({ description: 'Feature.', minLength: 1, maxLength: 128, pattern: '^[a-z0-9][a-z0-9-]*$' }),
    {
      description: 'Values of --enable-feature.',
      maxItems: 32,
    },
  ),
);

const podTemplate = optional(
  passThrough(
    'Strategic-merge patch for the pod template (metadata and spec), applied last; containers and volumes merge by name.',
  ),
);

const selector = (what: string) => optional(labelSelector(`Labels of the ${what}; absent or {}: all.`));
const namespaces = optional(
  labelSelector(
    "Labels of the namespaces to select from; absent: the stack's own namespace, {}: all that permit it.",
  ),
);

const limits = optional(
  object(
    {
      samples: optional(quantity('Samples in one scrape (sample_limit).')),
      targets: optional(quantity('Targets of one scrape configuration (target_limit).')),
      labels: optional(quantity('Labels of one sample (label_limit).')),
      labelNameLength: optional(quantity('Bytes of one label name (label_name_length_limit).')),
      labelValueLength: optional(quantity('Bytes of one label value (label_value_length_limit).')),
      bodySize: optional(quantity('Uncompressed bytes of one scrape (body_size_limit).')),
    },
    { description: 'Limits for every scrape; a scrape beyond them fails.' },
  ),
);

const prometheus = object(
  {
    version: version('Prometheus', 'v3.5.3'),
    image,
    replicas: optional(
      integer({
        description: 'Replicas of each shard; each scrapes and evaluates everything of its shard.',
        format: 'int32',
        minimum: 0,
        maximum: 16,
        default: 2,
      }),
    ),
    shards: optional(
      integer({
        description:
          'Parts into which the targets are divided. Each shard evaluates every rule over its own targets only; AlertRuleSets say in SeesAllTargets whether that matters to them.',
        format: 'int32',
        minimum: 1,
        maximum: 64,
        default: 1,
      }),
    ),
    retention: optional(
      object(
        {
          time: optional(duration('Age after which data is deleted.', { default: '24h' })),
          size: optional(quantity('Bytes beyond which the oldest data is deleted.')),
        },
        { description: 'How long each replica keeps data.', default: {} },
      ),
    ),
    storage,
    select: optional(
      object(
        { namespaces, rules: selector('AlertRuleSets') },
        { description: 'Which AlertRuleSets are loaded.', default: {} },
      ),
    ),
    scrape: optional(
      object(
        {
          annotatedPods: optional(
            object(
              {
                enabled: optional(
                  boolean({
                    description: 'Whether pods that ask for it by annotation are scraped.',
                    default: true,
                  }),
                ),
                namespaces,
                selector: selector('pods'),
              },
              {
                description:
                  'Scrapes pods with the annotation `prometheus.io/scrape: "true"`; `prometheus.io/port`, `/path` and `/scheme` say where.',
              },
            ),
          ),
        },
        { description: "What is scraped beside the stack's own components.", default: {} },
      ),
    ),
    scrapeInterval: optional(duration('How often targets are scraped.', { default: '30s' })),
    scrapeTimeout: optional(duration('How long a scrape may take; default: 10s, at most scrapeInterval.')),
    evaluationInterval: optional(
      duration('How often rule groups without an interval are evaluated.', { default: '30s' }),
    ),
    additionalScrapeConfigs: optional(secretKeySelector),
    limits,
    extraArgs,
    featureFlags,
    additionalConfig: optional(
      passThrough(
        "Further top-level sections of prometheus.yml in Prometheus's own spelling, merged last. Fields that read files are refused.",
      ),
    ),
    resources,
    podTemplate,
  },
  { description: 'The Prometheus servers.', default: {} },
);

const alertmanager = object(
  {
    version: version('Alertmanager', 'v0.33.1'),
    image,
    replicas: optional(
      integer({
        description: 'Members of the cluster; 0: no Alertmanager.',
        format: 'int32',
        minimum: 0,
        maximum: 16,
        default: 3,
      }),
    ),
    retention: optional(
      duration('How long silences and notification state are kept after they end.', { default: '120h' }),
    ),
    storage,
    select: optional(
      object(
        { namespaces, routes: selector('AlertRoutes'), silences: selector('Silences') },
        { description: 'Which AlertRoutes and Silences take effect.', default: {} },
      ),
    ),
    baseConfigSecret: optional(
      object(
        {
          name: objectName('Name of the Secret.'),
          key: optional(
            string({
              description: 'Key in the Secret.',
              default: 'alertmanager.yml',
              minLength: 1,
              maxLength: 253,
              pattern: '^[-._a-zA-Z0-9]+$',
            }),
          ),
        },
        {
          description:
            "Secret of the stack's namespace with an Alertmanager configuration: its global settings, and its route and receivers, which see a copy of every alert (the platform-wide stream).",
        },
      ),
    ),
    followRedirects: optional(
      boolean({
        description:
          'Whether receivers of AlertRoutes may follow HTTP redirects. A redirect can lead them to where no address of theirs may point, so they follow none by default; receivers of baseConfigSecret follow them as they say.',
        default: false,
      }),
    ),
    platformRoute: optional(
      object(
        { name: objectName("Name of an AlertRoute in the stack's namespace.") },
        {
          description:
            "An AlertRoute of the stack's namespace that sees a copy of every alert, of whatever namespace (the platform-wide stream).",
        },
      ),
    ),
    extraArgs,
    featureFlags,
    resources,
    podTemplate,
  },
  { description: 'The Alertmanager cluster.', default: {} },
);

const query = object(
  {
    image,
    replicas: optional(
      integer({
        description: 'Query servers; 0: none.',
        format: 'int32',
        minimum: 0,
        maximum: 16,
        default: 1,
      }),
    ),
    extraArgs,
    resources,
    podTemplate,
  },
  {
    description:
      "The query servers: Prometheus's query API over all replicas and shards, each series once, and over the bucket of objectStore.",
    default: {},
  },
);

const compactor = object(
  {
    image,
    replicas: optional(
      integer({
        description: 'Compactors: one, or 0 to stop it.',
        format: 'int32',
        minimum: 0,
        maximum: 1,
        default: 1,
      }),
    ),
    retentionDefault: optional(
      keepList('How long series live that no RetentionPolicy takes; absent: for ever.'),
    ),
    storage,
    extraArgs,
    resources,
    podTemplate,
  },
  {
    description:
      'Where it is present, compacts, downsamples and deletes the blocks of the bucket of objectStore, as RetentionPolicies say; absent: another system may. Its volume is working space.',
  },
);

const objectStore = object(
  {
    secretRef: optional(
      object(
        {
          name: objectName('Name of the Secret.'),
          key: optional(
            string({
              description: 'Key in the Secret.',
              default: 'objstore.yml',
              minLength: 1,
              maxLength: 253,
              pattern: '^[-._a-zA-Z0-9]+$',
            }),
          ),
        },
        {
          description:
            "Secret of the stack's namespace with an objstore.yml as Thanos takes it, of type S3 or FILESYSTEM. A changed one is in use within two minutes, without a restart.",
        },
      ),
    ),
    volumeClaim: optional(
      object(
        { name: objectName('Name of the PersistentVolumeClaim.') },
        {
          description:
            "PersistentVolumeClaim of the stack's namespace whose folder is the bucket; all pods of the stack mount it, so it must be ReadWriteMany unless they share a node.",
        },
      ),
    ),
    shipper: optional(
      object(
        {
          enabled: optional(
            boolean({
              description: 'Whether finished blocks of every Prometheus are sent to the bucket.',
              default: true,
            }),
          ),
          compacted: optional(
            boolean({
              description:
                'Whether blocks that Prometheus compacted before are sent too, such as those of a time before there was a bucket.',
              default: false,
            }),
          ),
          maxBytesPerSecond: optional(quantity('Limit of the upload of each pod.')),
        },
        { description: 'The shippers beside the Prometheus servers.', default: {} },
      ),
    ),
  },
  {
    description:
      'A bucket for the blocks of the Prometheus servers, which the query servers read beside these.',
    rules: [
      {
        rule: 'has(self.secretRef) != has(self.volumeClaim)',
        message: 'exactly one of secretRef and volumeClaim says which bucket',
      },
    ],
  },
);

export const monitoringStackSpec = object(
  {
    ...suspend,
    externalLabels: optional(labelMap('Labels on everything that leaves the stack (external_labels).')),
    imageRegistry: optional(
      string({
        description: 'Registry, with an optional path, to pull every image from that is not named in full.',
        minLength: 1,
        maxLength: 512,
        pattern: '^[^\\s]+$',
      }),
    ),
    imagePullSecrets: optional(
      mapList(
        object({ name: objectName('Name of the Secret.') }, { description: 'A pull secret.' }),
        ['name'],
        {
          description: "Secrets of the stack's namespace to pull images with.",
          maxItems: 16,
        },
      ),
    ),
    prometheus: optional(prometheus),
    alertmanager: optional(alertmanager),
    query: optional(query),
    compactor: optional(compactor),
    objectStore: optional(objectStore),
    tls: optional(tls),
    access: optional(access),
    agents: optional(
      object(
        {
          image,
          resources: optional(
            object(
              {
                requests: resourceAmounts('What is set aside.'),
                limits: resourceAmounts('What may be used at most.'),
              },
              { description: 'CPU and memory of each agent container.' },
            ),
          ),
        },
        { description: 'The agents beside each server, such as the reloader.' },
      ),
    ),
    rollout: optional(
      object(
        {
          agents: optional(
            choice(['OnNextRestart', 'Rolling', 'Manual'], {
              description:
                'When pods get a newer agent: when they restart for another reason, at once one by one, or when the agents.image is changed by hand.',
              default: 'OnNextRestart',
            }),
          ),
          maxUnavailable: optional(
            integer({
              description: 'Pods of one workload that may be down at once.',
              format: 'int32',
              minimum: 1,
              maximum: 16,
              default: 1,
            }),
          ),
        },
        { description: 'How changes reach the pods.', default: {} },
      ),
    ),
  },
  { description: 'A Prometheus and Alertmanager stack.' },
);

export type { MonitoringStackStatus, ReplicaStatus } from './monitoring-stack-status.ts';
export type PrometheusSpec = Of<typeof prometheus>;
export type AlertmanagerSpec = Of<typeof alertmanager>;
export type QuerySpec = Of<typeof query>;
export type CompactorSpec = Of<typeof compactor>;
export type StorageSpec = NonNullable<PrometheusSpec['storage']>;
export type ResourceRequirements = NonNullable<PrometheusSpec['resources']>;
export type MonitoringStackSpec = Of<typeof monitoringStackSpec>;
export type MonitoringStack = CustomResource<'MonitoringStack', MonitoringStackSpec, MonitoringStackStatus>;
