import { defineConfig } from 'vitest/config'
import { PURE_FLOORS } from './scripts/house/floors.ts'

/** Long tests of many draws. They run in the project `statistics`, not with every `npm test`. */
const STATISTICS = 'test/**/*.statistics.test.ts'
/** Tests that run in every project, and draw more in `statistics`. */
const MORE_DRAWS = ['test/replay.test.ts', 'test/e2e/*kill.test.ts', 'test/otlp/mutations.test.ts']
/** Files whose tests wait for a broker, or for a process of their own, more than they work. */
const WAITING = ['test/io/kafka/*.test.ts', 'test/contracts/*.test.ts', 'test/e2e/*kill.test.ts']
const PURE = PURE_FLOORS.map((floor) => `test/${floor}/**/*.test.ts`)

/** Side by side where they work, and where they wait. */
const WORKERS = 2
const WAITERS = 5

const shared = {
  maxWorkers: WORKERS,
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
          exclude: [...PURE, ...WAITING, STATISTICS],
          provide: { thorough: false, processorSecondsPerTest: MOST_SECONDS },
        },
      },
      {
        test: {
          ...shared,
          name: 'waiting',
          include: WAITING,
          maxWorkers: WAITERS,
          // By themselves, when the others are done: sessions end where nobody answers in time.
          sequence: { groupOrder: 1 },
          provide: { thorough: false, processorSecondsPerTest: MOST_SECONDS },
        },
      },
      {
        test: {
          ...shared,
          name: 'statistics',
          include: [STATISTICS, ...MORE_DRAWS],
          sequence: { groupOrder: 2 },
          provide: { thorough: true, processorSecondsPerTest: 600 },
        },
      },
    ],
  },
})
