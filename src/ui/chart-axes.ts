import { type ScaleLinear, type ScaleTime, scaleLinear, scaleUtc } from 'd3-scale'
import { type Html, html } from './html.ts'

/** Where a chart is drawn within its picture, in its own units. */
export interface Frame {
  readonly left: number
  readonly right: number
  readonly top: number
  readonly bottom: number
}

export type TimeScale = ScaleTime<number, number>
export type ValueScale = ScaleLinear<number, number>

export function timeScale(fromMs: number, toMs: number, { left, right }: Frame): TimeScale {
  return scaleUtc([fromMs, Math.max(toMs, fromMs + 1)], [left, right])
}

/** From nothing up to a round number that is not below the greatest value. */
export function valueScale(most: number, { top, bottom }: Frame): ValueScale {
  return scaleLinear([0, most > 0 ? most : 1], [bottom, top]).nice(4)
}

export function timeAxis(scale: TimeScale, frame: Frame, ticks: number): Html {
  const [from = new Date(0), to = from] = scale.domain()
  const isLong = to.getTime() - from.getTime() > DAY_MS
  return html`${scale.ticks(ticks).map((time) => {
    const x = coordinate(scale(time))
    const text = time.toISOString()
    return html`<line class="grid" x1="${x}" x2="${x}" y1="${frame.top}" y2="${frame.bottom}"/><text class="middle quiet" x="${x}" y="${frame.bottom + 12}">${isLong ? text.slice(5, 16).replace('T', ' ') : text.slice(11, 16)}</text>`
  })}`
}

export function valueAxis(scale: ValueScale, frame: Frame, words: (value: number) => string): Html {
  return html`${scale.ticks(4).map((value) => {
    const y = coordinate(scale(value))
    return html`<line class="grid" x1="${frame.left}" x2="${frame.right}" y1="${y}" y2="${y}"/><text class="end quiet" x="${frame.left - 6}" y="${y}">${words(value)}</text>`
  })}`
}

/** To a tenth of a unit: the page stays small. */
export function coordinate(value: number): string {
  return Number.isFinite(value) ? String(Number(value.toFixed(1))) : '0'
}

const DAY_MS = 86_400_000
