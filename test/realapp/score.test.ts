import { describe, expect, it } from 'vitest'
import type { ListedCluster, Telling } from '../../scripts/realapp/cluster-watch.ts'
import { EXPECTED } from '../../scripts/realapp/expected.ts'
import { FAULT_NAMES, type FaultName } from '../../scripts/realapp/faults.ts'
import {
  type Expected,
  type FaultWindow,
  figures,
  score,
  table,
  wrongWith,
} from '../../scripts/realapp/score.ts'

const BEGIN = 1_000_000
const REFUSED: FaultWindow = { fault: 'refused', fromMs: BEGIN, toMs: BEGIN + 60_000 }
const KILLED: FaultWindow = { fault: 'killed', fromMs: BEGIN + 200_000, toMs: BEGIN + 260_000 }

function cluster(about: Partial<ListedCluster>): ListedCluster {
  return {
    id: 'a',
    state: 'open',
    place: 'booking POST -> payment POST',
    term: 'no_answer',
    services: ['payment', 'booking'],
    sentence:
      'web POST /bookings: 100 % of requests fail since 21:22:31. payment does not answer (connection refused): 97 of 97 calls from booking.',
    severity: 'critical',
    firstMs: BEGIN,
    openedMs: BEGIN,
    closedMs: null,
    ...about,
  }
}

const at = (seconds: number, about: Partial<ListedCluster> = {}): Telling => ({
  atMs: BEGIN + seconds * 1000,
  cluster: cluster(about),
})

const scored = (tellings: readonly Telling[], windows = [REFUSED]) =>
  score(windows, { tellings, alerts: [] }, EXPECTED, 0)

describe('the score of a fault', () => {
  it('is found when a cluster is first told, and named when that one says what a person would', () => {
    const [fault] = scored([at(12), at(20)]).faults
    expect(fault).toMatchObject({ found: true, named: true, delayS: 12, wrong: [] })
  })

  it('is not found where nothing was told, or only of services that it does not touch', () => {
    const elsewhere = { place: 'risk POST', services: ['risk'] }
    for (const tellings of [[], [at(12, elsewhere)]]) {
      const [fault] = scored(tellings).faults
      expect(fault).toMatchObject({ found: false, named: false, delayS: null })
    }
  })

  it('takes a cluster that was open before for no news, and one that was closed for some', () => {
    expect(scored([at(-5), at(12, { sentence: 'more' })]).faults[0]?.found).toBe(false)
    const reopened = [at(-9), at(-5, { state: 'resolved' }), at(12)]
    expect(scored(reopened).faults[0]).toMatchObject({ found: true, delayS: 12 })
  })

  it('is named by the gravest cluster as it was last', () => {
    const mild = at(5, { id: 'b', severity: 'warning', services: ['web'] })
    expect(scored([mild, at(9)]).faults[0]).toMatchObject({ named: true, delayS: 5 })
    const turned = at(30, { services: ['booking', 'payment'] })
    expect(scored([at(9), turned]).faults[0]?.wrong).toEqual(['suspects booking, not payment'])
  })

  it('is not named where the one who was woken read something else at first', () => {
    const first = at(9, { sentence: 'booking POST differs', severity: 'warning' })
    expect(scored([first, at(15)]).faults[0]?.wrong).toEqual([
      'at first does not say payment.*does not answer',
    ])
    const milder = at(9, { severity: 'warning' })
    expect(scored([milder, at(15)]).faults[0]?.wrong).toEqual([])
  })

  it('is not found by what is told long after its end', () => {
    expect(scored([at(120)]).faults[0]?.found).toBe(false)
  })
})

describe('false alerts', () => {
  it('are clusters that wake somebody outside every fault, or within one about others', () => {
    const quiet = at(150)
    const others = at(20, { id: 'b', place: 'risk POST', services: ['risk'] })
    expect(scored([quiet, others]).falseAlerts).toEqual([quiet, others])
  })

  it('are not those of a fault, of information, or of what is known', () => {
    const shown = [at(150, { severity: 'information' }), at(151, { id: 'b', alerts: false })]
    expect(scored([at(20), ...shown]).falseAlerts).toEqual([])
  })

  it('count once for as long as the cluster stays open, and again when it is reopened', () => {
    const life = [at(150), at(160), at(170, { state: 'resolved' }), at(180)]
    expect(scored(life).falseAlerts).toHaveLength(2)
  })

  it('are forgiven before the third round of the batch consumer', () => {
    const { falseAlerts } = score([], { tellings: [at(10)], alerts: [] }, EXPECTED, BEGIN + 11_000)
    expect(falseAlerts).toEqual([])
  })
})

describe('the identity of alerts', () => {
  const changes = (...labels: string[]): number => {
    const alerts = labels.map((each, index) => ({ atMs: index, cluster: 'a', labels: each }))
    return score([], { tellings: [], alerts }, EXPECTED, 0).alertChanges
  }

  it('changes with each other set of labels', () => {
    expect(changes('service=a severity=warning')).toBe(0)
    expect(changes('service=a severity=warning', 'service=b severity=warning')).toBe(1)
    expect(changes('service=a', 'service=b', 'service=a')).toBe(2)
    expect(changes('service=a', 'service=a')).toBe(0)
  })

  it('does not change when it becomes graver, but does when it becomes milder', () => {
    expect(changes('service=a severity=warning', 'service=a severity=critical')).toBe(0)
    expect(changes('service=a severity=critical', 'service=a severity=warning')).toBe(1)
    expect(changes('service=a severity=warning', 'service=b severity=critical')).toBe(1)
  })
})

describe('the figures', () => {
  it('count faults found and named, and take the middle delay', () => {
    const second = at(206, {
      id: 'b',
      place: 'web -> seats',
      services: ['seats'],
      sentence: 'seats does not answer',
    })
    const result = scored([at(12), second], [REFUSED, KILLED])
    expect(figures(result)).toEqual({
      app_faults: 2,
      app_faults_found: 2,
      app_named: 2,
      app_median_delay_s: 9,
      app_alert_changes: 0,
      app_false_alerts: 0,
    })
    expect(table(result)).toContain('refused      after 12 s, named')
  })

  it('have no delay where nothing was found', () => {
    expect(figures(scored([]))).toMatchObject({ app_faults_found: 0, app_median_delay_s: null })
  })
})

/** What a person might say of each fault, and what would be wrong to say. */
const SAID: Readonly<Record<FaultName, { right: string[]; wrong: string[] }>> = {
  slow: {
    right: [
      'web POST /bookings: 97 % of requests are slow. payment POST /charge is slower: 350 ms',
    ],
    wrong: ['payment POST /charge differs', 'films is slower'],
  },
  errors: {
    right: [
      'web GET /films/:id: 20 % of requests fail since 21:22:31. films GET /films/{film} fails in 20 %',
    ],
    wrong: ['web GET /films/:id: 20 % of requests fail since 21:22:31. films → SELECT is missing'],
  },
  'n-plus-1': {
    right: ['films → SELECT is called more often: typically 13 times, normally once'],
    wrong: ['films GET /films is slower', 'web GET /films differs'],
  },
  refused: {
    right: ['payment does not answer (ECONNREFUSED): 97 of 97 calls from booking'],
    wrong: ['booking POST → 127.0.0.1 differs', '127.0.0.1:8000 (no telemetry) does not answer'],
  },
  killed: {
    right: ['web GET /films/:id/seats: 100 % fail. seats does not answer (UNAVAILABLE)'],
    wrong: ['seats grpc.cinema.Seats/Free is missing'],
  },
  lock: {
    right: [
      'booking SELECT is slower: typically 800 ms, normally 0.1 ms',
      'booking INSERT is slower',
    ],
    wrong: ['booking fails'],
  },
  'retry-storm': {
    right: ['web → seats Free is called more often', 'seats grpc.cinema.Seats/Free fails in 60 %'],
    wrong: ['web GET /films/:id/seats is slower'],
  },
  deployment: {
    right: ['payment POST → risk is new: in 90 of 90 calls', 'payment POST /charge is slower'],
    wrong: ['payment POST differs'],
  },
}

describe.each(FAULT_NAMES)('what is expected of %s', (fault) => {
  const expected: Expected = EXPECTED[fault]
  const said = (sentence: string): string[] =>
    wrongWith(
      cluster({ services: [expected.suspect], severity: expected.severities[0] ?? '', sentence }),
      expected,
    )

  it.each(SAID[fault].right)('takes: %s', (sentence) => {
    expect(said(sentence)).toEqual([])
  })

  it.each(SAID[fault].wrong)('refuses: %s', (sentence) => {
    expect(said(sentence)).toHaveLength(1)
  })

  it('refuses another service and another severity', () => {
    const sentence = SAID[fault].right[0] ?? ''
    const other = cluster({ services: ['tickets'], severity: 'unknown', sentence })
    expect(wrongWith(other, expected)).toHaveLength(2)
  })
})
