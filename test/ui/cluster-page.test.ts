import { describe, expect, it } from 'vitest'
import type { AnomalyCluster } from '../../src/contract/anomaly-cluster.ts'
import { clusterPage } from '../../src/ui/cluster-page.ts'
import { clustersPage, type LearningState } from '../../src/ui/clusters-page.ts'
import { duration, instant, share } from '../../src/ui/quantity.ts'
import {
  BACKUP,
  exampleCluster,
  exampleDetail,
  exampleSignature,
  span,
  trace,
} from './example-cluster.ts'

const LIVE: LearningState = {
  state: 'live',
  observations: 1234,
  progress: 1,
  missing: [],
  modelInstalledMs: Date.UTC(2026, 0, 2, 4),
  watermarkMs: Date.UTC(2026, 0, 2, 5, 33),
  behindMs: 2000,
  strata: 12,
  coverage: { share: 1, seen: 100, unjudged: [] },
  senders: [],
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
    detail: exampleDetail(),
    before: [exampleCluster({ id: 'c-before', state: 'resolved', sentence: 'so it was before' })],
    canChange: true,
    links: {
      trace: 'http://jaeger/trace/{trace_id}',
      compare: 'http://jaeger/trace/{normal}...{anomaly}',
    },
  })

  it('says what, where and since when', () => {
    const seen = text(page)
    expect(seen).toContain(
      'currency Convert is slower: typically 590 ms, normally 6 ms, in 58 of 60 calls',
    )
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
    expect(page).not.toMatch(/<script|src=|@import|url\((?!#)/)
    expect(page.match(/<thead><tr>(<th scope="col">[^<]*<\/th>)+<\/tr><\/thead>/g)).toHaveLength(5)
    expect(page).toContain('lang="en"')
  })

  it('lets no text of a span become markup', () => {
    const evil = `"><script>alert(1)</script>'&`
    const spans = [
      span(-1, `svc ${evil}`, 0, 1, 1, { service: evil, attributes: { [evil]: evil } }),
    ]
    const cluster = exampleCluster({
      sentence: evil,
      signature: { ...BACKUP, name: evil, note: evil, runbook: `javascript:${evil}` },
      place: `${evil} -> ${evil} ${evil}`,
      services: [evil],
      members: [evil],
      model: evil,
      representative: trace(evil, spans),
      nearestNormal: trace(evil, [span(-1, 'a b', 0, 1)]),
    })
    const { timeline, deviating } = exampleDetail()
    const detail = {
      timeline: timeline && { ...timeline, place: evil },
      deviating: deviating.map((one) => ({
        ...one,
        service: evil,
        caller: `${evil} too`,
        operation: evil,
      })),
    }
    const notice = { outcome: 'refused', text: evil } as const
    const said = { by: evil, reason: evil, cluster: evil, atMs: 0, untilMs: 1 }
    const signature = exampleSignature()
    const written = { reason: evil, by: evil, name: evil }
    const whole = { detail, before: [cluster], canChange: true, notice, written, signature }
    const accepted = { ...cluster, state: 'accepted' } as const
    for (const made of [
      clusterPage(cluster, whole),
      clusterPage(accepted, { ...whole, acceptance: said }),
      clustersPage([cluster], LIVE),
    ]) {
      expect(made).not.toContain('<script')
      expect(made).not.toContain('href="javascript')
      expect(made).not.toContain(`">'`)
    }
  })

  it('lets a person accept what is open, and says so once it is a change that stays', () => {
    expect(page).toContain('<form method="post" action="/clusters/c-7f3a01/accept"')
    expect(text(page)).not.toContain('Is it a fault, or the new normal?')
    const asking = clusterPage(exampleCluster({ asksAcceptance: true }), { canChange: true })
    expect(text(asking)).toContain('lasted since 2026-01-02 05:28:10 UTC. Is it a fault')
    const closed = clusterPage(exampleCluster(), { canChange: false })
    expect(closed).not.toContain('<form')
    expect(text(closed)).toContain('admin.token is not set')
  })

  it('lets a person accept what is over, and take back what is accepted', () => {
    const canChange = true
    const over = clusterPage(exampleCluster({ state: 'resolved', closedMs: 1 }), { canChange })
    expect(over).toContain('action="/clusters/c-7f3a01/accept"')
    expect(text(over)).toContain('When it comes back it is no news.')
    const atMs = Date.UTC(2026, 0, 2)
    const said = { cluster: 'c', by: 'ada', reason: 'the backup', atMs, untilMs: atMs + 864e5 }
    const page = clusterPage(exampleCluster({ state: 'accepted' }), {
      canChange,
      acceptance: said,
    })
    expect(page).not.toContain('/accept"')
    expect(page).toContain('action="/clusters/c-7f3a01/unaccept"')
    expect(text(page)).toContain(
      'Accepted 2026-01-02 00:00:00 UTC by ada: the backup. It holds until 2026-01-03 00:00:00 UTC.',
    )
  })

  it('tells what like it happened before, what it is called, and how it outgrew that', () => {
    const known = exampleCluster({ signature: BACKUP, alerts: false })
    const page = clusterPage(known, { signature: exampleSignature(), canChange: true })
    const seen = text(page)
    expect(seen).toContain('the backup')
    expect(seen).toContain('It came 4 times, daily, the last time before at 2026-01-01 05:00:00')
    expect(seen).toContain('The longest lasted 10 min; at its worst 90 % deviated.')
    expect(seen).toContain('It lasts longer than those before.')
    expect(seen).toContain('no alert')
    expect(page).toContain('<a href="https://wiki/backup">Runbook</a>')
    expect(page).toContain('action="/clusters/c-7f3a01/name"')
    expect(page).toContain('name="name" type="text" required maxlength="2000" value="the backup"')
    expect(clusterPage(exampleCluster(), { canChange: true })).not.toContain('/name"')
  })

  it('tells who suffers first, and says so where nobody does', () => {
    const seen = text(page)
    expect(seen).toMatch(/Who suffers .* frontend POST \/checkout 97 % 60 3 55 /)
    expect(seen.indexOf('Who suffers')).toBeLessThan(seen.indexOf('How it was before'))
    expect(text(clusterPage(exampleCluster({ impact: [] })))).toContain('No entry operation:')
    const entry = { entry: 'a', requests: 1, failed: 1, slow: 0, share: 1 }
    const many = clusterPage(exampleCluster({ impact: Array(15).fill(entry) }))
    expect(text(many)).toContain('3 further ones are in the JSON.')
  })

  it('leads from what turned out to be part of another to that', () => {
    const merged = clusterPage(exampleCluster({ state: 'resolved', mergedInto: 'c/2' }))
    expect(merged).toContain('part of <a href="/clusters/c%2F2">another cluster</a>')
    expect(page).not.toContain('another cluster')
  })

  it('says in words what the charts and the graph show', () => {
    expect(page).toContain('p50: 6 ms before 05:28:10, 590 ms since.')
    expect(page).toContain('Normal is 4 ms to 9 ms.')
    expect(page).toContain('checkout calls currency: slower 97 %.')
    expect(page).toContain('The suspect is currency.')
    expect(text(page)).toMatch(/checkout → currency Convert slower 58 of 60, normally 5 % 05:28:10/)
  })

  it('marks when it began, and names the same place before', () => {
    expect(text(page)).toContain('begins 05:28:10')
    expect(text(page)).not.toContain('over 0')
    expect(page).toMatch(/href="\/clusters\/c-before">so it was before/)
  })

  it('shows failures over time where calls fail, and self times where they are slow', () => {
    expect(page).toContain('<title id="chart-0-title">Self time of a call</title>')
    const failing = clusterPage(exampleCluster({ term: 'errors' }), { detail: exampleDetail() })
    expect(failing).toContain('<title id="chart-0-title">Share of calls that fail</title>')
  })

  it('says how long messages wait, and that it is about who takes them', () => {
    const waits = { term: 'wait', typical: 31_000, normal: 40, services: ['mailer'] } as const
    const [first, ...others] = exampleDetail().deviating
    const detail = {
      ...exampleDetail(),
      deviating: [{ ...first!, term: 'wait' as const }, ...others],
    }
    const shown = text(clusterPage(exampleCluster(waits), { detail }))
    expect(shown).toMatch(/Typical 31(\.0)? s, normally 40 ms/)
    expect(shown).toContain('currency Convert takes messages later 58 of 60')
  })

  it('draws no chart of what it does not know', () => {
    const bare = clusterPage(exampleCluster(), { detail: { timeline: null, deviating: [] } })
    expect(bare).not.toContain('<svg')
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
    expect(text(clustersPage([], LIVE))).toContain('All quiet')
  })

  it('says that all is quiet only where what is watched is watched', () => {
    const blind = { ...LIVE, coverage: { ...LIVE.coverage, share: 0.7 } }
    expect(text(clustersPage([], blind))).toContain(
      'Nothing strange in the 70 % of the traffic that is judged',
    )
    const idle = { ...LIVE, coverage: { ...LIVE.coverage, seen: 0 } }
    expect(text(clustersPage([], idle))).toContain('nothing was judged in the last minutes')
    const stale = { ...LIVE, behindMs: 3_600_000 }
    expect(text(clustersPage([], stale))).toContain(
      'Nothing strange until 2026-01-02 05:33:00 UTC, and nothing was read since',
    )
    for (const one of [blind, idle, stale]) {
      expect(text(clustersPage([], one))).not.toContain('All quiet')
    }
  })

  it('names services of which something is missed, and says nothing where there are none', () => {
    const senders = [{ service: '<cart>', what: '12 spans came too late and were dropped' }]
    const seen = text(clustersPage([], { ...LIVE, senders }))
    expect(seen).toContain('&lt;cart&gt; 12 spans came too late and were dropped')
    expect(text(clustersPage([], LIVE))).not.toContain('What senders could do better')
  })

  it('counts as strange only what is told', () => {
    const known = exampleCluster({ alerts: false })
    expect(text(clustersPage([known], LIVE))).toContain('Nothing to be told')
    const told = exampleCluster({ id: 'told' })
    expect(text(clustersPage([known, told], LIVE))).toContain('One thing is strange')
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
    expect([0.4211, 6, 240.4, 1240, 186_000, 9e6].map(duration)).toEqual([
      '0.42 ms',
      '6 ms',
      '240 ms',
      '1.24 s',
      '3.1 min',
      '2.5 h',
    ])
    expect([0, 0.0012, 0.05, 0.966].map(share)).toEqual(['0 %', '0.12 %', '5 %', '97 %'])
    expect([null, Number.NaN, 9e15].map(instant)).toEqual(['–', '–', '–'])
  })
})
