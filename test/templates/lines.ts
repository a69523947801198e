import type { SeededRandom } from '../../src/stats/random.ts'
import type { KeptShape } from '../../src/templates/shape-store.ts'
import { TemplateMiner } from '../../src/templates/template-miner.ts'

const encoder = new TextEncoder()

/** Gives a line to a miner. */
export function addLine(miner: TemplateMiner, line: string, timeMs = Number.NaN): KeptShape | null {
  const bytes = encoder.encode(line)
  return miner.add(bytes, 0, bytes.length, timeMs)
}

/** A miner that has seen these lines. */
export function minerOf(lines: readonly string[]): TemplateMiner {
  const miner = new TemplateMiner()
  for (const line of lines) addLine(miner, line)
  return miner
}

/** The template of each line once all are seen. */
export function templateTexts(lines: readonly string[]): (string | undefined)[] {
  const miner = new TemplateMiner()
  const shapes = lines.map((line) => addLine(miner, line))
  return shapes.map((shape) => shape?.family.text)
}

/** Ids of all templates, in the order of their text. */
export function templateIds(miner: TemplateMiner): string[] {
  return miner
    .templates()
    .map(({ id }) => id)
    .sort()
}

export function shuffle<T>(items: T[], random: SeededRandom): void {
  for (let i = items.length - 1; i > 0; i--) {
    const j = Math.floor(random.next() * (i + 1))
    const item = items[i]!
    items[i] = items[j]!
    items[j] = item
  }
}
