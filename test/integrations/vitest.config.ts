import { defineConfig } from 'vitest/config'

/** Real Spark, MLflow, npm and Chromium: minutes, and packages from the registries. */
export default defineConfig({
  test: {
    include: ['test/integrations/**/*.e2e.ts'],
    testTimeout: 600_000,
    hookTimeout: 900_000,
    fileParallelism: false,
  },
})
