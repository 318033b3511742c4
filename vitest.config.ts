import { defineConfig } from 'vitest/config';

/** Three tiers by suffix: `.spec.ts` (pure), `.int.spec.ts` (real servers), `.e2e.spec.ts` (the whole system). */
const tier = process.env['RINGFENCE_TEST_TIER'] ?? 'unit';
const include = {
  unit: '**/src/**/*.spec.ts',
  int: '**/src/**/*.int.spec.ts',
  e2e: 'e2e/src/**/*.e2e.spec.ts',
}[tier];
if (include === undefined) throw new Error(`RINGFENCE_TEST_TIER must be unit, int or e2e, not "${tier}"`);

export default defineConfig({
  resolve: { conditions: ['@ringfence/source', 'node', 'import', 'default'] },
  ssr: { resolve: { conditions: ['@ringfence/source', 'node', 'default'] } },
  test: {
    globalSetup:
      { unit: [], int: ['libs/testing/src/run.setup.ts'], e2e: ['e2e/src/stack.setup.ts'] }[tier] ?? [],
    include: [include],
    exclude: [
      '**/node_modules/**',
      '**/dist/**',
      ...(tier === 'unit' ? ['**/*.int.spec.ts', '**/*.e2e.spec.ts'] : []),
    ],
    // For what hangs: on a busy machine a thousand random cases, or as many requests one after the other, take minutes.
    testTimeout: 300_000,
    hookTimeout: 300_000,
    // A bound for what never comes; on a busy machine what comes may take long.
    expect: { poll: { timeout: 60_000 } },
    // Real servers are waited for more than they compute: a third worker fills what two of them leave of two cores.
    maxWorkers: { unit: 2, int: 3, e2e: 1 }[tier] ?? 1,
    fileParallelism: tier !== 'e2e',
  },
});
