import { fileURLToPath } from 'node:url'
import { houseFigures, houseText, readHouse } from './house/house.ts'

// The house as it stands: floors, files, arrows; with --json only the figures.
const house = readHouse(fileURLToPath(new URL('../src', import.meta.url)))
const text = process.argv.includes('--json')
  ? `${JSON.stringify(houseFigures(house))}\n`
  : houseText(house)
process.stdout.write(text)
