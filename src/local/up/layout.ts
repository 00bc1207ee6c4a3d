import { join } from 'node:path';

/** Every path of a local control plane, below its state folder. */
export interface Layout {
  readonly root: string;
  readonly kubeconfig: string;
  /** Certificate, key and token of the API server. */
  readonly access: string;
  /** SQLite file of the API server. */
  readonly store: string;
  /** State of the node: pods, volumes, addresses. */
  readonly node: string;
  /** Records and logs of the parts. */
  readonly system: string;
  readonly lock: string;
  readonly programs: string;
  /** Copies of our own program, so that a rebuild does not pull files from under running processes. */
  readonly own: string;
}

export function layoutOf(root: string): Layout {
  return {
    root,
    kubeconfig: join(root, 'kubeconfig'),
    access: join(root, 'system', 'access.json'),
    store: join(root, 'apiserver', 'store.db'),
    node: join(root, 'node'),
    system: join(root, 'system'),
    lock: join(root, 'up.pid'),
    programs: join(root, 'programs'),
    own: join(root, 'own'),
  };
}

/** Process marker of the parts (API server, operator), beside the node's own for containers. */
export const partMarker = 'PROMFLEET_LOCAL_PART';
