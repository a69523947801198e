import { parseArgs } from 'node:util'
import { type Figure, printFigures } from './figures.ts'
import { chaosFigures } from './limits/chaos.ts'
import { fuzzFigures } from './limits/fuzz.ts'

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

/** Each row of the limits: figures by the name of their file in `limits/`. */
const ROWS: Readonly<Record<string, (long: boolean) => Promise<Figure[]>>> = {
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
