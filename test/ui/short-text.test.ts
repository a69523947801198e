import { describe, expect, it } from 'vitest'
import { callGraph } from '../../src/ui/call-graph.ts'
import { dayLanes } from '../../src/ui/day-lanes.ts'
import { shortText } from '../../src/ui/short-text.ts'
import { exampleCluster } from './example-cluster.ts'

describe('a text that is too long', () => {
  it('is cut between characters, whatever their length', () => {
    expect(shortText('abcd', 4)).toBe('abcd')
    expect(shortText('abcde', 4)).toBe('abc…')
    expect(shortText('😀😀😀', 4)).toBe('😀…')
    expect(shortText('a😀😀', 4)).toBe('a😀…')
  })

  it('leaves pages well-formed', () => {
    const names = ['', 'x'].map((first) => `${first}${'😀'.repeat(100)}`)
    const lanes = names.map((suspect, i) => exampleCluster({ id: `c${i}`, suspect }))
    const markup = dayLanes(lanes, exampleCluster().lastMs)?.markup ?? ''
    expect([markup.includes('😀…'), markup.isWellFormed()]).toEqual([true, true])
    const edge = { operation: 'Get', term: 'errors', direction: 'high', firstMs: 0 } as const
    const counts = { observations: 9, occurrences: 10, normalRate: 0.01, isOver: false }
    const calls = names.map((service) => ({ caller: 'shop', service, ...edge, ...counts }))
    const graph = callGraph(calls, 'shop')?.markup ?? ''
    expect([graph.includes('😀…'), graph.isWellFormed()]).toEqual([true, true])
  })
})
