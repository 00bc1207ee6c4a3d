import type { WriteOptions } from '../rest/context.ts';

/** How the controllers of this folder write. */
export const controllerOptions: WriteOptions = {
  dryRun: false,
  fieldManager: 'kube-controller-manager',
  fieldValidation: 'Ignore',
  force: false,
  warnings: [],
};
