import { Labels } from '../promql/exec/labels.ts';

/** Labels with the external ones put in; where both have a name, the external value wins. */
export function attachLabels(labels: Labels, external: Labels): Labels {
  return external.pairs.length === 0 ? labels : Labels.from([...labels.entries(), ...external.entries()]);
}
