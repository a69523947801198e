import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Contribution } from '../../src/contract/anomaly.ts'
import { verdictLine } from '../../src/io/files/json-lines.ts'
import { verdict } from '../fakes/publications.ts'

interface Line {
  readonly services: readonly string[]
  readonly contributions: readonly Pick<Contribution, 'element' | 'contribution'>[]
}

function contributionsOf(count: number, steps: number): Contribution[] {
  return Array.from({ length: count }, (_, i) => ({
    ...verdict.contributions[0]!,
    element: Array.from({ length: steps }, (_, s) => `service-${s} GET /orders/{id}`).join(' > '),
    contribution: 1 / (i + 3),
  }))
}

function lineOf(contributions: readonly Contribution[], shown?: 'all'): { text: string } & Line {
  const services = Array.from({ length: 30 }, (_, i) => `service-${i}`)
  const text = verdictLine({ ...verdict, services, contributions }, shown)
  return { text, ...(JSON.parse(text) as Line) }
}

describe('the line of a verdict', () => {
  it('stays near a kilobyte and keeps the sum, however much there is to tell', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 300 }), fc.integer({ min: 1, max: 30 }), (n, steps) => {
        const all = contributionsOf(n, steps)
        const { text, contributions } = lineOf(all)
        expect(text.length).toBeLessThan(1200)
        const sum = (parts: readonly { contribution: number }[]): number =>
          parts.reduce((total, { contribution }) => total + contribution, 0)
        expect(Math.abs(sum(contributions) - sum(all))).toBeLessThan(1e-9)
      }),
    )
  })

  it('shows the largest contributions and says how many more there are', () => {
    const { contributions } = lineOf(contributionsOf(40, 12))
    expect(contributions.length).toBeGreaterThan(2)
    expect(contributions[0]).toMatchObject({
      element: 'service-0 GET /orders/{id} > … > service-11 GET /orders/{id}',
      contribution: 1 / 3,
    })
    const rest = contributions.at(-1)
    expect(rest).toMatchObject({ term: 'rest', element: `${41 - contributions.length} more` })
  })

  it('has no rest where all has room, and whole paths of a few steps', () => {
    const { contributions } = lineOf(contributionsOf(2, 3))
    expect(contributions).toHaveLength(2)
    expect(contributions[0]?.element).toBe(
      'service-0 GET /orders/{id} > service-1 GET /orders/{id} > service-2 GET /orders/{id}',
    )
  })

  it('holds everything where all is asked for', () => {
    const all = contributionsOf(40, 12)
    const { contributions, services } = lineOf(all, 'all')
    expect(services).toHaveLength(30)
    expect(contributions.map(({ element }) => element)).toEqual(all.map(({ element }) => element))
  })
})
