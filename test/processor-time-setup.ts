/** A set-up file of vitest: a test fails that takes more processor time than its project allows. */
import { afterEach, beforeAll, inject } from 'vitest'
import { ProcessorMeter } from './processor-meter.ts'

declare module 'vitest' {
  interface ProvidedContext {
    /** Whether tests of random draws take many of them: in the project `statistics` they do. */
    thorough: boolean
    /** What one test may take. */
    processorSecondsPerTest: number
  }
}

const meter = new ProcessorMeter(inject('processorSecondsPerTest'), () => {
  const { user, system } = process.cpuUsage()
  return (user + system) / 1e6
})

beforeAll(() => meter.start())
afterEach(() => meter.check())
