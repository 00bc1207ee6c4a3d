import { choice, integer, mapList, type Of, object, optional, string } from './schema.ts';
import { dateTime } from './values.ts';

const condition = object(
  {
    type: string({ description: 'What the condition is about.', minLength: 1, maxLength: 316 }),
    status: choice(['True', 'False', 'Unknown'], { description: 'Whether it holds.' }),
    observedGeneration: optional(
      integer({ description: 'Generation of the object that this condition speaks of.', minimum: 0 }),
    ),
    lastTransitionTime: dateTime('When `status` last changed.'),
    reason: string({
      description: 'Code of the error catalogue, or a word for the good case.',
      minLength: 1,
      maxLength: 1024,
    }),
    message: string({ description: 'What is the case, for people.', maxLength: 32768 }),
  },
  { description: 'One condition, in the form of Kubernetes.' },
);

export const conditions = mapList(condition, ['type'], {
  description: 'State in the form of Kubernetes conditions; Ready, Reconciling and Stalled follow kstatus.',
  maxItems: 16,
});

export const observedGeneration = integer({
  description: 'Generation of the object that this status speaks of.',
  minimum: 0,
});

export type Condition = Of<typeof condition>;
export type ConditionStatus = Condition['status'];
