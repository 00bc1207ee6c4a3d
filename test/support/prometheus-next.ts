import { goProgram } from './go-program.ts';

/** Prometheus 3.14, built from its Go module: the oracle of evaluation, where the packaged release is older. */
export function newPrometheus(): Promise<string> {
  return goProgram({
    name: 'prometheus',
    version: '3.14.0',
    go: {
      module: 'github.com/prometheus/prometheus',
      version: 'v0.314.0',
      packagePath: './cmd/prometheus',
    },
  });
}
