import { defineConfig } from 'vitest/config'

/** The slow tests with real programs: npm run test:stack, npm run test:collector. */
export default defineConfig({
  test: {
    include: ['test/{stack,collector}/**/*.e2e.ts'],
    globalSetup: ['test/global-setup.ts'],
    testTimeout: 1_200_000,
    hookTimeout: 600_000,
    fileParallelism: false,
    // Each step stands on the one before.
    bail: 1,
  },
})
