import { describe, expect, it } from 'vitest'
import type { Deviating } from '../../src/contract/cluster-detail.ts'
import { callGraph } from '../../src/ui/call-graph.ts'

function deviating(caller: string, service: string, more: Partial<Deviating> = {}): Deviating {
  return {
    ...{ caller, service, operation: 'Get', term: 'errors', direction: 'high', firstMs: 0 },
    ...{ observations: 9, occurrences: 10, normalRate: 0.01, isOver: false },
    ...more,
  }
}

function drawn(all: readonly Deviating[], suspect = 'cart'): string {
  return callGraph(all, suspect)?.markup ?? ''
}

function boxes(markup: string): string[] {
  return [...markup.matchAll(/<g class="service( suspect)?"><title>([^<]*)/g)].map(
    ([, suspect = '', name]) => `${name}${suspect}`,
  )
}

describe('the graph of what deviates', () => {
  it('draws each service once, the suspect marked in word and look', () => {
    const made = drawn([
      deviating('checkout', 'cart'),
      deviating('checkout', 'cart', { term: 'count' }),
      deviating('gateway', 'checkout', { term: 'self_time' }),
    ])
    expect(boxes(made)).toEqual(['checkout', 'cart suspect', 'gateway'])
    expect(made).toContain('>suspect</text>')
    expect(made).toContain(
      'checkout calls cart: fails 90 %, called more often 90 %. gateway calls checkout: slower 90 %. The suspect is cart.',
    )
  })

  it('says within its box what a service does by itself', () => {
    const made = drawn([deviating('a', 'cart'), deviating('', 'cart', { term: 'structure' })])
    expect(made).toContain('calls that are new 90 %</text>')
  })

  it('is left out where nobody calls anybody', () => {
    expect(drawn([])).toBe('')
    expect(drawn([deviating('', 'cart')])).toBe('')
  })

  it('draws loops, long names and many calls, and gives SVG no number that is none', () => {
    const long = 'x'.repeat(500)
    const all = [
      deviating('cart', 'cart', { occurrences: 0 }),
      deviating('cart', long),
      deviating(long, 'cart'),
      ...Array.from({ length: 200 }, (_, i) => deviating('cart', `service-${i}`)),
    ]
    const made = drawn(all)
    expect(made).not.toMatch(/NaN|Infinity/)
    expect(boxes(made).length).toBeLessThanOrEqual(25)
    expect(made).not.toMatch(/<text[^>]*>x{29}/)
  })

  it('lets no name become markup, whatever it is called', () => {
    for (const name of ['<script>alert(1)</script>', '__proto__', 'constructor', '"><b>']) {
      const made = drawn([deviating(name, 'cart'), deviating('cart', name)], name)
      expect(made).not.toMatch(/<script|<b>/)
      expect(boxes(made)).toHaveLength(2)
    }
  })
})
