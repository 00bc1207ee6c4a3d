import { defineConfig } from 'vitest/config';

/**
 * Two cores: unit tests share two workers, suites that start real programs run one file at a time.
 * A suite is chosen with --project NAME; each is one line of the Makefile.
 */
const heavy = { pool: 'forks', fileParallelism: false, testTimeout: 120_000, hookTimeout: 300_000 } as const;

export default defineConfig({
  test: {
    maxWorkers: 2,
    projects: [
      {
        test: { name: 'unit', include: ['src/**/*.test.ts', 'test/house/**/*.test.ts'], testTimeout: 30_000 },
      },
      { test: { name: 'sim', include: ['test/sim/**/*.test.ts'], ...heavy } },
      { test: { name: 'programs', include: ['test/programs/**/*.test.ts'], ...heavy } },
      {
        test: {
          name: 'apiserver',
          include: ['test/apiserver/**/*.test.ts'],
          globalSetup: ['test/support/kube-setup.ts'],
          ...heavy,
        },
      },
      { test: { name: 'promql', include: ['test/promql/**/*.test.ts'], ...heavy } },
      { test: { name: 'lifecycle', include: ['test/lifecycle/**/*.test.ts'], ...heavy } },
      { test: { name: 'bucket', include: ['test/bucket/**/*.test.ts'], ...heavy } },
      { test: { name: 'install', include: ['test/install/**/*.test.ts'], ...heavy } },
      { test: { name: 'chart', include: ['test/chart/**/*.test.ts'], ...heavy } },
      {
        test: {
          name: 'cluster',
          include: ['test/kind/**/*.test.ts'],
          ...heavy,
          testTimeout: 400_000,
          hookTimeout: 3_600_000,
        },
      },
      { test: { name: 'image', include: ['test/image/**/*.test.ts'], ...heavy } },
      { test: { name: 'docs', include: ['test/docs/**/*.test.ts'], ...heavy } },
      { test: { name: 'attacks', include: ['test/attacks/**/*.test.ts'], ...heavy } },
      { test: { name: 'e2e', include: ['test/e2e/**/*.test.ts'], ...heavy } },
    ],
  },
});
