import { fileURLToPath } from 'node:url'
import { defineConfig } from 'vitest/config'
import { BaseSequencer, type TestSpecification } from 'vitest/node'
import { PURE_FLOORS } from './scripts/house/floors.ts'

/** Long tests of many draws. They run in the project `statistics`, not with every `npm test`. */
const STATISTICS = 'test/**/*.statistics.test.ts'
/** Tests that run in every project, and draw more in `statistics`. */
const MORE_DRAWS = [
  ...['test/replay.test.ts', 'test/e2e/*kill.test.ts', 'test/otlp/mutations.test.ts'],
  ...['test/simulate/demo-scenario.test.ts', 'test/cases/new-route.test.ts'],
  'test/cases/lag.test.ts',
]
/** Files whose tests wait for a broker, or for a process of their own, more than they work. */
const WAITING = [
  ...['test/io/kafka/*.test.ts', 'test/contracts/*.test.ts', 'test/e2e/*kill.test.ts'],
  ...[
    'test/e2e/masking.test.ts',
    'test/cli/launcher.test.ts',
    'test/cli/cluster-checkpoint.test.ts',
  ],
]
const PURE = PURE_FLOORS.map((floor) => `test/${floor}/**/*.test.ts`)

/** Side by side where they work, where they also wait for what they started, and where they mostly wait. */
const WORKERS = 2
const STARTERS = 3
const WAITERS = 7

/**
 * Files of much time and little text. They begin first, so that none of them goes on alone in the end: without
 * results of an earlier run, as in CI, vitest goes by the size of a file.
 */
const LONGEST = [
  ...['test/anomaly-clusters/faults.test.ts', 'test/simulate/faults.test.ts'],
  ...['test/e2e/masking.test.ts', 'test/examples/examples.test.ts', 'test/cases/recurring.test.ts'],
  ...['test/cli/cluster.test.ts', 'test/cli/cluster-checkpoint.test.ts'],
  ...['test/io/kafka/kafka-faults.test.ts', 'test/io/kafka/added-partitions.test.ts'],
  ...['test/e2e/kill.test.ts', 'test/e2e/http-kill.test.ts', 'test/io/kafka/kafka-group.test.ts'],
]

class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const sorted = await super.sort(files)
    const projects = [...new Set(sorted.map(({ project }) => project))]
    const rank = ({ project, moduleId }: TestSpecification): number =>
      2 * projects.indexOf(project) + (LONGEST.some((file) => moduleId.endsWith(file)) ? 0 : 1)
    return sorted.toSorted((a, b) => rank(a) - rank(b))
  }
}

// What Node has compiled once, types stripped, it need not compile again in each process that a test starts: a
// service starts with 0.5 s of processor time instead of 1.4 s, as it does for users of `bin/medoscope.js`.
process.env['NODE_COMPILE_CACHE'] ??= fileURLToPath(
  new URL('node_modules/.cache/compile', import.meta.url),
)

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
    sequence: { sequencer: LongestFirst },
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
          maxWorkers: STARTERS,
          sequence: { groupOrder: 1 },
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
          sequence: { groupOrder: 2 },
          provide: { thorough: false, processorSecondsPerTest: MOST_SECONDS },
        },
      },
      {
        test: {
          ...shared,
          name: 'statistics',
          include: [STATISTICS, ...MORE_DRAWS],
          sequence: { groupOrder: 3 },
          provide: { thorough: true, processorSecondsPerTest: 600 },
        },
      },
    ],
  },
})
