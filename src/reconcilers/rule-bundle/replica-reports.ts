import type { Report } from '../../render/bundle/report.ts';

/** What one replica of a stack says of itself; `undefined` until its reloader has reported. */
export interface ReplicaReport {
  readonly pod: string;
  readonly report: Report | undefined;
}

/** The reports of the replicas that should run now, by pod name. */
export class ReplicaReports {
  readonly #reports = new Map<string, Report | undefined>();

  get size(): number {
    return this.#reports.size;
  }

  pods(): IterableIterator<[string, Report | undefined]> {
    return this.#reports.entries();
  }

  reportOf(pod: string): Report | undefined {
    return this.#reports.get(pod);
  }

  /** Sets which replicas should run; returns whether that changed. Reports of others are forgotten. */
  expect(pods: readonly string[]): boolean {
    const wanted = new Set(pods);
    let changed = false;
    for (const pod of [...this.#reports.keys()]) {
      if (!wanted.has(pod)) changed = this.#reports.delete(pod) || changed;
    }
    for (const pod of wanted) {
      if (this.#reports.has(pod)) continue;
      this.#reports.set(pod, undefined);
      changed = true;
    }
    return changed;
  }

  /** Takes over a report; returns the one before, or `false` for a replica that should not run. */
  set(pod: string, report: Report | undefined): { readonly before: Report | undefined } | false {
    if (!this.#reports.has(pod)) return false;
    const before = this.#reports.get(pod);
    this.#reports.set(pod, report);
    return { before };
  }
}

/** Paths whose quarantine or rule health differs between two reports of a replica. */
export function changedPaths(before: Report | undefined, after: Report | undefined): Set<string> {
  const changed = new Set<string>();
  const difference = (a: readonly { readonly path: string }[], b: readonly { readonly path: string }[]) => {
    const known = new Set(a.map((entry) => JSON.stringify(entry)));
    for (const entry of b) if (!known.has(JSON.stringify(entry))) changed.add(entry.path);
  };
  for (const field of ['quarantined', 'ruleHealth'] as const) {
    difference(before?.[field] ?? [], after?.[field] ?? []);
    difference(after?.[field] ?? [], before?.[field] ?? []);
  }
  return changed;
}
