import { describe, expect, it } from 'vitest'
import type { AnomalyCluster } from '../../src/contract/anomaly-cluster.ts'
import { clusterPage } from '../../src/ui/cluster-page.ts'
import { clustersPage, type LearningState } from '../../src/ui/clusters-page.ts'
import { duration, instant, share } from '../../src/ui/quantity.ts'
import { exampleCluster, span, trace } from './example-cluster.ts'

const LIVE: LearningState = {
  state: 'live',
  observations: 1234,
  progress: 1,
  missing: [],
  modelInstalledMs: Date.UTC(2026, 0, 2, 4),
  watermarkMs: Date.UTC(2026, 0, 2, 5, 33),
  strata: 12,
  coverage: { share: 1, seen: 0, unjudged: [] },
}

/** What a reader sees: text without tags and style. */
function text(page: string): string {
  return page
    .replace(/<style>[\s\S]*?<\/style>/, '')
    .replace(/<[^>]+>/g, ' ')
    .replace(/\s+/g, ' ')
}

describe('the page of a cluster', () => {
  const page = clusterPage(exampleCluster(), {
    trace: 'http://jaeger/trace/{trace_id}',
    compare: 'http://jaeger/trace/{normal}...{anomaly}',
  })

  it('says what, where and since when', () => {
    const seen = text(page)
    expect(seen).toContain('currency Convert: self time above its normal p90 in 58 of 60 calls')
    expect(seen).toContain('Most suspect service currency')
    expect(seen).toContain('Since 2026-01-02 05:28:10 UTC')
    expect(seen).toContain('58 of 60 (97 %), normally 5 %')
    expect(seen).toContain('590 ms, normally 6 ms')
  })

  it('shows the pair line by line, with the difference in words', () => {
    const seen = text(page)
    expect(seen).toContain('slower self +586 ms (×99)')
    expect(seen).toMatch(/Send email 4 ms, self 4 ms not called missing/)
    expect(seen).toContain('http.response.status_code: 200 → 500')
    expect(seen).toContain('and 2 more, 19 ms together')
  })

  it('marks the line that the cluster is about, and only that', () => {
    const marked = page.match(/<tr class="[^"]*place[^"]*">\s*<th[^>]*>([^<]*)/g) ?? []
    expect(marked).toHaveLength(1)
    expect(marked[0]).toContain('Convert')
  })

  it('links to both traces and to their comparison, the normal one first', () => {
    const { representative, nearestNormal } = exampleCluster()
    expect(page).toContain(`http://jaeger/trace/${representative?.traceId}`)
    expect(page).toContain(
      `http://jaeger/trace/${nearestNormal?.traceId}...${representative?.traceId}`,
    )
  })

  it('has no script, no outside resource, and table headings for a screen reader', () => {
    expect(page).not.toMatch(/<script|src=|@import|url\(/)
    expect(page.match(/scope="col"/g)?.length).toBe(4)
    expect(page).toContain('lang="en"')
  })

  it('lets no text of a span become markup', () => {
    const evil = `"><script>alert(1)</script>'&`
    const spans = [
      span(-1, `svc ${evil}`, 0, 1, 1, { service: evil, attributes: { [evil]: evil } }),
    ]
    const cluster = exampleCluster({
      sentence: evil,
      place: `${evil} -> ${evil} ${evil}`,
      services: [evil],
      members: [evil],
      model: evil,
      representative: trace(evil, spans),
      nearestNormal: trace(evil, [span(-1, 'a b', 0, 1)]),
    })
    for (const made of [clusterPage(cluster), clustersPage([cluster], LIVE)]) {
      expect(made).not.toContain('<script')
      expect(made).not.toContain(`">'`)
    }
  })

  it('tells how to accept a change that stays, once it asks for it', () => {
    const asking = clusterPage(exampleCluster({ asksAcceptance: true }))
    expect(asking).toContain('$MEDOSCOPE/api/v1/anomaly-clusters/c-7f3a01/accept')
    expect(clusterPage(exampleCluster())).not.toContain('/accept')
  })

  it('says so when no example is kept', () => {
    const bare = exampleCluster({ representative: null, nearestNormal: null, members: [] })
    expect(text(clusterPage(bare))).toContain('No example is kept')
  })

  it('gives CSS no number that is none', () => {
    const odd = trace('a', [span(-1, 'a b', Number.NaN, Number.POSITIVE_INFINITY)])
    const made = clusterPage(exampleCluster({ representative: odd }))
    expect(made).not.toMatch(/--[a-z]+:(NaN|Infinity|-Infinity|\d+e)/)
  })
})

describe('the home page', () => {
  it('says that it waits, learns, or sees nothing strange', () => {
    const learning: LearningState = {
      ...LIVE,
      state: 'learning',
      progress: 0.624,
      modelInstalledMs: null,
    }
    expect(text(clustersPage([], { ...learning, watermarkMs: null }))).toContain(
      'Waiting for the first',
    )
    const seen = text(clustersPage([], { ...learning, missing: ['312 of 500 traces until …'] }))
    expect(seen).toContain('Learning what is normal')
    expect(seen).toContain('Learned 62 %')
    expect(seen).toContain('312 of 500 traces until …')
    expect(text(clustersPage([], LIVE))).toContain('Everything looks normal')
  })

  it('lists open clusters before those that are over, each with its page', () => {
    const over: AnomalyCluster = exampleCluster({
      id: 'old/1',
      state: 'resolved',
      sentence: 'over',
    })
    const made = clustersPage([over, exampleCluster()], LIVE)
    expect(made.indexOf('/clusters/c-7f3a01')).toBeLessThan(made.indexOf('/clusters/old%2F1'))
    expect(made.indexOf('/clusters/c-7f3a01')).toBeGreaterThan(0)
    expect(text(made)).toContain('One thing is strange')
  })
})

describe('quantities', () => {
  it('reads as people say it', () => {
    expect([0.4211, 6, 240.4, 1240, 186_000].map(duration)).toEqual([
      '0.42 ms',
      '6 ms',
      '240 ms',
      '1.24 s',
      '3.1 min',
    ])
    expect([0, 0.0012, 0.05, 0.966].map(share)).toEqual(['0 %', '0.12 %', '5 %', '97 %'])
    expect([null, Number.NaN, 9e15].map(instant)).toEqual(['–', '–', '–'])
  })
})
