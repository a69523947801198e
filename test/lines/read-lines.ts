import { LineRanking } from '../../src/lines/line-ranking.ts'
import { type PlainLine, PlainLines } from '../../src/lines/plain-lines.ts'

/** The lines of a plain log. */
export function plainLines(texts: readonly string[]): PlainLine[] {
  const lines: PlainLine[] = []
  const reader = new PlainLines(2026, (line) => lines.push(line))
  for (const text of texts) reader.push(Buffer.from(text))
  reader.end()
  return lines
}

/** A log beside those of when all was well. */
export function rankingOf(judged: readonly string[], ...normal: string[][]): LineRanking {
  const ranking = new LineRanking()
  for (const texts of normal) {
    ranking.beginNormal()
    for (const line of plainLines(texts)) ranking.addNormal(line)
  }
  for (const line of plainLines(judged)) ranking.add(line)
  return ranking
}
