import type { CustomResource } from './metadata.ts';
import {
  atomicList,
  boolean,
  choice,
  integer,
  mapList,
  type Of,
  object,
  optional,
  string,
} from './schema.ts';
import { judgedFields } from './selection-status.ts';
import { dateTime, duration, matcherList, objectName, suspend } from './values.ts';

/** `raw`: samples as they were scraped; `5m` and `1h`: downsampled ones. */
export const resolutionNames = ['raw', '5m', '1h'] as const;

/** How long each resolution lives; also the default of a stack (`compactor.retentionDefault`). */
export const keepList = (description: string) =>
  mapList(
    object(
      {
        resolution: choice(resolutionNames, { description: 'Which samples.' }),
        duration: duration('Age up to which they live.'),
      },
      { description: 'One resolution.' },
    ),
    ['resolution'],
    { description, minItems: 1, maxItems: resolutionNames.length },
  );

const rule = object(
  {
    matchers: matcherList(
      'Series that the rule is for: all matchers must hold; labels of the stack (external labels) count as labels of its series.',
      { minItems: 1 },
    ),
    keep: keepList(
      'Resolutions that are kept, and how long; one that is not listed is not kept. A finer one goes only where the next coarser one that is kept is there.',
    ),
  },
  { description: 'What lives how long.' },
);

const erase = object(
  {
    matchers: matcherList('Series to erase: all matchers must hold.', { minItems: 1 }),
    reason: string({
      description: 'Why, for example the number of a request; stands in the certificate.',
      minLength: 1,
      maxLength: 1024,
    }),
    before: optional(
      dateTime(
        'Samples before this time are erased, also those that arrive later; default: when the entry was accepted.',
      ),
    ),
  },
  { description: 'One erasure. It stays in force when the entry is removed: nothing comes back.' },
);

export const retentionPolicySpec = object(
  {
    ...suspend,
    stack: object(
      { name: objectName('Name of the MonitoringStack.') },
      { description: "The stack of this object's namespace whose bucket this is about." },
    ),
    rules: optional(
      atomicList(rule, {
        description:
          "The first rule that matches a series counts; over several policies the longest time; without any the stack's default.",
        maxItems: 100,
      }),
    ),
    erase: optional(
      atomicList(erase, {
        description: 'Series that are erased everywhere, whatever rules say.',
        maxItems: 100,
      }),
    ),
    mode: optional(
      choice(['Preview', 'Enforce'], {
        description:
          'Preview reports what would go and changes nothing; Enforce hides it at once and deletes it.',
        default: 'Preview',
      }),
    ),
    exact: optional(
      boolean({
        description:
          'Whether a preview reads the headers of all chunks to count samples and bytes, instead of estimating them.',
        default: false,
      }),
    ),
  },
  {
    description: 'How long which series live in the bucket of a stack, and what is erased on request.',
    rules: [
      {
        rule: '(has(self.rules) && size(self.rules) > 0) || (has(self.erase) && size(self.erase) > 0)',
        message: 'at least one of rules and erase must have an entry',
      },
    ],
  },
);

const amount = (description: string) => optional(integer({ description, format: 'int64', minimum: 0 }));

const amounts = {
  series: amount('Series that lose samples, counted once a block.'),
  samples: amount('Samples that go.'),
  sizeBytes: amount('Bytes of chunks that go.'),
};

export const erasureStates = ['Pending', 'Hidden', 'Rewritten', 'Purged'] as const;

const erasure = object(
  {
    id: string({ description: 'Name of the erasure, in the bucket and in its certificate.', maxLength: 64 }),
    reason: string({ description: 'Why, as it was given.', maxLength: 1024 }),
    before: dateTime('Samples before this time are erased.'),
    state: choice(erasureStates, {
      description:
        'Pending: not yet in the bucket. Hidden: no query shows it. Rewritten: no block and no server that is in use holds it. Purged: the blocks that held it are deleted.',
    }),
    blocksLeft: amount('Blocks that still hold what is erased.'),
    serversLeft: amount('Prometheus replicas that have not yet deleted it.'),
    certificate: optional(
      string({
        description: 'ConfigMap of this namespace with the certificate, once purged.',
        maxLength: 253,
      }),
    ),
    message: optional(string({ description: 'What it waits for.', maxLength: 4096 })),
  },
  { description: 'How far one erasure is.' },
);

export const retentionPolicyStatus = object(
  {
    ...judgedFields,
    state: optional(
      choice(['Preview', 'Enforced', 'Pending'], {
        description: 'Whether the rules are in force in the bucket.',
      }),
    ),
    generation: amount("Generation of the bucket's retention document that has this policy."),
    preview: optional(
      object(
        {
          at: dateTime('When it was reckoned.'),
          exact: boolean({
            description: 'Whether samples and bytes were read from chunk headers; else they are estimated.',
          }),
          ...amounts,
          blocks: amount('Blocks that would be rewritten or deleted.'),
          report: optional(
            string({ description: 'ConfigMap of this namespace with all rows.', maxLength: 253 }),
          ),
          rules: optional(
            atomicList(
              object(
                { rule: integer({ description: 'Index of the rule.', minimum: 0 }), ...amounts },
                { description: 'What goes by one rule.' },
              ),
              { description: 'By rule.', maxItems: 100 },
            ),
          ),
        },
        { description: 'What goes by this policy.' },
      ),
    ),
    erasures: optional(
      mapList(erasure, ['id'], {
        description: 'Erasures of this policy, former entries included.',
        maxItems: 500,
      }),
    ),
  },
  { description: 'What the policy does in the bucket; written by the operator.' },
);

export type RetentionPolicySpec = Of<typeof retentionPolicySpec>;
export type RetentionPolicyStatus = Of<typeof retentionPolicyStatus>;
export type ErasureStatus = Of<typeof erasure>;
export type KeepSpec = RetentionPolicySpec['rules'] extends readonly (infer R)[] | undefined
  ? R extends { keep: infer K }
    ? K
    : never
  : never;
export type RetentionPolicy = CustomResource<'RetentionPolicy', RetentionPolicySpec, RetentionPolicyStatus>;
