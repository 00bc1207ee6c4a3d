import { targetNames } from '../apiserver/target.ts';
import { kubeBinaries } from './kube-binaries.ts';

/** Obtains the real kube-apiserver once, before any test waits for it: building it takes minutes. */
export default async function setup(): Promise<void> {
  if (targetNames.includes('real')) await kubeBinaries();
}
