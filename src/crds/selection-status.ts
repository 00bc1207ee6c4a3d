import { atomicList, boolean, integer, type Of, object, optional, string } from './schema.ts';

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

export const faults = atomicList(fault, {
  description: 'What is wrong, each with its place. Parts without a fault are live nevertheless.',
  maxItems: maxFaultsInStatus,
});

/** Fields of one `status.stacks[]` entry that every kind has. */
export const stackEntryFields = {
  namespace: string({ description: 'Namespace of the MonitoringStack.', maxLength: 253 }),
  name: string({ description: 'Name of the MonitoringStack.', maxLength: 253 }),
  selected: boolean({ description: 'Whether the stack selects and permits this object.' }),
  reason: string({ description: 'Selected, or why not (NotSelected, NotPermitted, ...).', maxLength: 128 }),
  message: optional(string({ description: 'The reason for people.', maxLength: 4096 })),
};

export const loadedFields = {
  programmed: optional(boolean({ description: "Whether it is rendered into the stack's bundle." })),
  loaded: optional(integer({ description: 'Replicas that report its current content.', minimum: 0 })),
  replicas: optional(integer({ description: 'Replicas that should load it.', minimum: 0 })),
  faults: optional(
    atomicList(fault, {
      description: "What this stack's version or feature flags cannot take; it is left out there.",
      maxItems: 20,
    }),
  ),
};

/** Stacks listed in a status. */
export const maxStacksInStatus = 64;
