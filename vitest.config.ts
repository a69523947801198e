import { defineConfig } from 'vitest/config'
import { PURE_FLOORS } from './scripts/house/floors.ts'

/** Long tests of many draws. They run in the project `statistics`, not with every `npm test`. */
const STATISTICS = 'test/**/*.statistics.test.ts'
/** Tests that run in every project, and draw more in `statistics`. */
const MORE_DRAWS = ['test/replay.test.ts', 'test/e2e/kill.test.ts']
const PURE = PURE_FLOORS.map((floor) => `test/${floor}/**/*.test.ts`)

const shared = {
  globalSetup: ['test/global-setup.ts'],
  setupFiles: ['test/processor-time-setup.ts'],
  // Against hanging only: how fast something is, `npm run bench` says.
  testTimeout: 120_000,
  hookTimeout: 120_000,
}

/**
 * A unit test may take 10 s of the processor's time. On machines that are shared the same work was seen to take between
 * 5.0 and 8.2 s within a minute, so what fails takes more than 16.
 */
const MOST_SECONDS = 16

export default defineConfig({
  test: {
    maxWorkers: 2,
    projects: [
      {
        test: {
          ...shared,
          name: 'pure',
          include: PURE,
          exclude: [STATISTICS],
          // Pure code has no state of its own: its test files can share a process and what they import.
          isolate: false,
          provide: { thorough: false, processorSecondsPerTest: MOST_SECONDS },
        },
      },
      {
        test: {
          ...shared,
          name: 'world',
          include: ['test/**/*.test.ts'],
          exclude: [...PURE, STATISTICS],
          provide: { thorough: false, processorSecondsPerTest: MOST_SECONDS },
        },
      },
      {
        test: {
          ...shared,
          name: 'statistics',
          include: [STATISTICS, ...MORE_DRAWS],
          provide: { thorough: true, processorSecondsPerTest: 600 },
        },
      },
    ],
  },
})
