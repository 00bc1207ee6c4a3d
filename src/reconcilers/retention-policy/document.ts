import type { Erasure, Keep, RetentionDocument } from '../../storage-engine/format/retention-document.ts';
import { jsonEqual } from '../json.ts';
import type { CompiledPolicy } from './compile.ts';

export interface DocumentInput {
  /** `namespace/name` of the stack. */
  readonly stack: string;
  readonly externalLabels: Readonly<Record<string, string>>;
  readonly defaultKeep: readonly Keep[] | undefined;
  /** Policies in force: mode Enforce, without a fault. */
  readonly enforced: readonly CompiledPolicy[];
}

/**
 * The document that a stack's bucket is to hold. Erasures only ever grow: one that was accepted keeps its time, also when
 * its object is gone, so nothing comes back. An unchanged document is the same object, so it writes nothing.
 */
export function nextDocument(
  input: DocumentInput,
  previous: RetentionDocument | undefined,
  nowMs: number,
): RetentionDocument {
  const known = new Map((previous?.erasures ?? []).map((erasure) => [erasure.id, erasure]));
  for (const { erasures } of input.enforced) {
    for (const { beforeMs, ...request } of erasures) {
      if (known.has(request.id)) continue;
      const erasure: Erasure = { ...request, untilMs: beforeMs ?? nowMs, requestedAtMs: nowMs };
      known.set(request.id, erasure);
    }
  }
  const byName = (a: { readonly name: string }, b: { readonly name: string }) => (a.name < b.name ? -1 : 1);
  const content = {
    stack: input.stack,
    scope: input.externalLabels,
    ...(input.defaultKeep === undefined ? {} : { defaultKeep: input.defaultKeep }),
    policies: input.enforced
      .map(({ rules }) => rules)
      .filter(({ rules }) => rules.length > 0)
      .sort(byName),
    erasures: [...known.values()].sort((a, b) => a.requestedAtMs - b.requestedAtMs || (a.id < b.id ? -1 : 1)),
  };
  if (previous !== undefined) {
    const { version: _version, generation: _generation, writtenAtMs: _writtenAtMs, ...before } = previous;
    if (jsonEqual(before, content)) return previous;
  }
  return { version: 1, generation: (previous?.generation ?? 0) + 1, writtenAtMs: nowMs, ...content };
}
