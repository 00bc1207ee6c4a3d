import { goProgram } from './go-program.ts';

/**
 * Thanos, with which buckets are shared: its results and its verdict on our blocks are compared. Built with slice labels,
 * as 0.42 crashes in its compactor without them.
 */
export function thanos(): Promise<string> {
  return goProgram({
    name: 'thanos',
    version: '0.42.0',
    go: {
      module: 'github.com/thanos-io/thanos',
      version: 'v0.42.0',
      packagePath: './cmd/thanos',
      tags: ['slicelabels'],
    },
  });
}
