import { parseArgs } from 'node:util'
import { type Figure, printFigures } from './figures.ts'
import { chaosFigures } from './limits/chaos.ts'
import { clocksOffDelay } from './limits/clocks-off.ts'
import { cardinalityBomb, deployments, healthChecks, manyEntries } from './limits/entries.ts'
import { fuzzFigures } from './limits/fuzz.ts'
import { lateFound } from './limits/late-found.ts'
import { memoryFigures } from './limits/memory.ts'

const { values: options } = parseArgs({
  options: {
    json: { type: 'boolean', default: false },
    /** An hour of faults and ten million bodies: by hand. */
    long: { type: 'boolean', default: false },
    /** Only these rows, by name. */
    only: { type: 'string', multiple: true },
  },
})
const progress = (text: string): void => console.error(text)

/** Each row of the limits by its name; what it does is in `limits/`. */
const ROWS: Readonly<Record<string, (long: boolean) => Figure[] | Promise<Figure[]>>> = {
  entries: manyEntries,
  deployments,
  'cardinality-bomb': cardinalityBomb,
  'health-checks': healthChecks,
  'clocks-off': clocksOffDelay,
  late: lateFound,
  memory: memoryFigures,
  fuzz: (long) => fuzzFigures(long),
  chaos: (long) => chaosFigures(long, progress),
}

const figures: Figure[] = []
for (const [name, run] of Object.entries(ROWS)) {
  if (options.only !== undefined && !options.only.includes(name)) continue
  progress(`${name} …`)
  figures.push(...(await run(options.long)))
}
printFigures(figures, options.json)
