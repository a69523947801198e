import type { TemplateMiner } from './template-miner.ts'

/** Fewer lines say nothing of how well a source templates. */
const FEWEST_LINES = 1000
/** From this share of lines on that are alone, or without a template, a source does not template well. */
const MOST_ALONE = 0.2

/** How well the lines of a source come as templates. */
export interface TemplateQuality {
  readonly lines: number
  readonly templates: number
  /** Of the templates, the share that has one line, at most two, and none lately. */
  readonly singleUseShare: number
  readonly rareShare: number
  readonly deadShare: number
  /** Of the lines, the share whose template has no other line, or that found no room. */
  readonly aloneShare: number
  /** What to tell a person of it; empty where the source templates well. */
  readonly warning: string
}

/** @param aliveSinceMs templates without a line since are dead; `NaN`: none is */
export function templateQuality(miner: TemplateMiner, aliveSinceMs: number): TemplateQuality {
  const templates = miner.templates()
  let single = 0
  let rare = 0
  let dead = 0
  for (const { count, lastMs } of templates) {
    if (count === 1) single++
    if (count <= 2) rare++
    if (lastMs < aliveSinceMs) dead++
  }
  const share = (part: number, whole: number): number => (whole === 0 ? 0 : part / whole)
  const aloneShare = share(single + miner.unkept, miner.lines)
  const isPoor = miner.lines >= FEWEST_LINES && aloneShare >= MOST_ALONE
  return {
    lines: miner.lines,
    templates: templates.length,
    singleUseShare: share(single, templates.length),
    rareShare: share(rare, templates.length),
    deadShare: share(dead, templates.length),
    aloneShare,
    warning: isPoor ? warningOf(aloneShare) : '',
  }
}

function warningOf(aloneShare: number): string {
  return (
    `does not template well: ${(100 * aloneShare).toFixed(0)} % of its lines are like no other. ` +
    'Log one fixed message with the values as attributes, or give the template with each record ' +
    '(log.record.template, as the drain processor of a Collector does).'
  )
}
