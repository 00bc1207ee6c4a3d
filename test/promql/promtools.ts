import { goProgram } from '../support/go-program.ts';
import { realProgram } from '../support/programs.ts';

/** promtool of the packaged Prometheus (3.5). */
export function oldPromtool(): Promise<string> {
  return realProgram('promtool');
}

/** promtool of Prometheus 3.14, built from its Go module. */
export function newPromtool(): Promise<string> {
  return goProgram({
    name: 'promtool',
    version: '3.14.0',
    go: {
      module: 'github.com/prometheus/prometheus',
      version: 'v0.314.0',
      packagePath: './cmd/promtool',
    },
  });
}
