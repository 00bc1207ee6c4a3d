import type { TProperties } from 'typebox';
import { conditions, observedGeneration } from './condition.ts';
import { atomicList, boolean, integer, mapList, type Of, object, optional, string } from './schema.ts';

/** Parts of status that AlertRuleSet, AlertRoute and Silence share. */

const fault = object(
  {
    path: string({
      description: 'Field at fault, for example `spec.groups[checkout].rules[2].expr`.',
      maxLength: 1024,
    }),
    line: optional(
      integer({ description: 'Line inside the value of that field, counted from 1.', minimum: 1 }),
    ),
    column: optional(
      integer({
        description: 'Column inside that line, counted from 1, in Unicode code points.',
        minimum: 1,
      }),
    ),
    code: string({ description: 'Code of the error catalogue.', maxLength: 128 }),
    message: string({
      description: 'What is wrong; the error catalogue says by the code what to do.',
      maxLength: 4096,
    }),
  },
  { description: 'One fault.' },
);

export type Fault = Of<typeof fault>;

/** Faults kept in a status; the condition's message tells how many there are in all. */
export const maxFaultsInStatus = 50;

const faults = atomicList(fault, {
  description: 'What is wrong, each with its place. Parts without a fault are live nevertheless.',
  maxItems: maxFaultsInStatus,
});

/** Faults of one stack kept in a status. */
export const maxFaultsInStack = 20;

const stackEntryFields = {
  namespace: string({ description: 'Namespace of the MonitoringStack.', maxLength: 253 }),
  name: string({ description: 'Name of the MonitoringStack.', maxLength: 253 }),
  selected: boolean({ description: 'Whether the stack selects and permits this object.' }),
  reason: string({ description: 'Selected, or why not (NotSelected, NotPermitted, ...).', maxLength: 128 }),
  message: optional(string({ description: 'The reason for people.', maxLength: 4096 })),
};

const loadedFields = {
  programmed: optional(boolean({ description: "Whether it is rendered into the stack's bundle." })),
  loaded: optional(integer({ description: 'Replicas that report its current content.', minimum: 0 })),
  replicas: optional(integer({ description: 'Replicas that should load it.', minimum: 0 })),
  faults: optional(
    atomicList(fault, {
      description: "What this stack's version or feature flags cannot take; it is left out there.",
      maxItems: maxFaultsInStack,
    }),
  ),
  lastGood: optional(
    boolean({ description: 'Whether the last good version of a refused part is still loaded.' }),
  ),
};

/** Stacks listed in a status. */
export const maxStacksInStatus = 64;

/** `status.stacks`: what each stack does with the object; `more` are the fields that only the kind has. */
export function stackEntries<P extends TProperties>(more: P) {
  const entry = object(
    { ...stackEntryFields, ...more },
    { description: 'What one stack does with this object.' },
  );
  return optional(
    mapList(entry, ['namespace', 'name'], {
      description: 'Every stack that selects this object, or why it does not.',
      maxItems: maxStacksInStatus,
    }),
  );
}

/** What the status of every kind begins with. */
export const judgedFields = {
  observedGeneration: optional(observedGeneration),
  conditions: optional(conditions),
  faults: optional(faults),
};

/** Status of a kind whose objects replicas load. `more` and `entry` are the fields that only the kind has. */
export function teamStatus<P extends TProperties, E extends TProperties>(
  of: {
    readonly description: string;
    readonly contentHash: string;
    /** Such as `3/3`. */
    readonly loadedExample: string;
  },
  more: P,
  entry: E,
) {
  return object(
    {
      ...judgedFields,
      contentHash: optional(string({ description: of.contentHash, maxLength: 128 })),
      loaded: optional(
        string({
          description: `Replicas that loaded it, of those that should, over all stacks: \`${of.loadedExample}\`.`,
          maxLength: 32,
        }),
      ),
      ...more,
      stacks: stackEntries({ ...loadedFields, ...entry }),
    },
    { description: of.description },
  );
}

const common = teamStatus({ description: '', contentHash: '', loadedExample: '' }, {}, {});

/** The part of such a status that all those kinds have. */
export type TeamStatus = Of<typeof common>;
