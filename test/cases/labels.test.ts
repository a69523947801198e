import { fastify } from 'fastify'
import { beforeAll, describe, expect, it } from 'vitest'
import type { Anomaly } from '../../src/contract/anomaly.ts'
import type { AnomalyClusterChange } from '../../src/contract/anomaly-cluster.ts'
import type { Publication } from '../../src/contract/sink.ts'
import type { Detector } from '../../src/detector/detector.ts'
import { publicationLine, verdictLine } from '../../src/io/files/json-lines.ts'
import { Metrics } from '../../src/io/telemetry/metrics.ts'
import { encodePublication } from '../../src/otlp/anomaly-record.ts'
import { ClusterService } from '../../src/service/cluster-service.ts'
import { NO_LINKS } from '../../src/ui/cluster-page.ts'
import { runCase } from './run-case.ts'
import { type CaseSpan, MINUTE, records, shop, T0_MS } from './small-shop.ts'

const TEST_MS = T0_MS + 8 * MINUTE
const FAULT_MS = TEST_MS + MINUTE

/** Quotes, line breaks, a template, mark-up, a change of direction, NUL, escapes, half an emoji. */
const EVIL = [
  'SELECT "a"\n  FROM `t`\\x WHERE n = \'{{ $labels.x }}\' /* <script>alert(1)</script> */',
  '\u202e\u0000\t\u001b[31m',
  '\ud83d',
].join(' ')
/** Cut anywhere from 150 characters on, an emoji is cut in half for one of two lengths. */
const LONG = '😀'.repeat(150)
const SERVICE = 'or"de\r\nrs{é}\u202e\u0000<b>\udc00'

const edit = (spans: CaseSpan[], startMs: number): CaseSpan[] => {
  const [entry, call, server, database] = spans as [CaseSpan, CaseSpan, CaseSpan, CaseSpan]
  const method = startMs > FAULT_MS ? `${EVIL}${LONG}` : `\ud83d${EVIL}`
  return [
    { ...entry, name: `${entry.name} ${EVIL}`, attributes: { 'http.request.method': method } },
    { ...call, attributes: { 'server.address': SERVICE } },
    { ...server, service: SERVICE, name: `${EVIL} x${LONG}` },
    { ...database, service: SERVICE, name: `${EVIL} ${LONG}` },
  ]
}

interface Published {
  readonly detector: Detector
  readonly verdicts: readonly string[]
  readonly publications: readonly Publication[]
}

function publish(): Published {
  const anomalies: Anomaly[] = []
  const clusterChanges: AnomalyClusterChange[] = []
  const warm = shop({ seed: 1, fromMs: T0_MS, minutes: 8, rate: 6, edit })
  const slow = (t: number): number => (t > FAULT_MS ? 5 : 1)
  const test = shop({ seed: 2, fromMs: TEST_MS, minutes: 3, rate: 6, edit, slow })
  const { detector, verdicts } = runCase(
    records(warm),
    { 'k/0': records(test) },
    TEST_MS,
    -1,
    (_, output) => {
      anomalies.push(...output.anomalies.splice(0))
      clusterChanges.push(...output.clusterChanges)
    },
  )
  return {
    detector,
    verdicts: verdicts.map((verdict) => verdictLine(verdict, 'all')),
    publications: [
      ...anomalies.map((anomaly) => ({ type: 'anomaly' as const, anomaly })),
      ...clusterChanges.map((change) => ({ type: 'anomaly_cluster' as const, change })),
    ],
  }
}

/** The texts of a JSON document, its keys too. */
function textsOf(json: string): string[] {
  const texts: string[] = []
  JSON.parse(json, (key, value) => {
    texts.push(key)
    if (typeof value === 'string') texts.push(value)
    return value
  })
  return texts
}

const UNCLEAN = /\p{Cc}|\p{Bidi_Control}|\p{Cs}|\u2028|\u2029/u

/** Those that a terminal, a page or a decoder would stumble over. */
function unclean(texts: Iterable<string>): string[] {
  return [...new Set(texts)].filter((text) => UNCLEAN.test(text))
}

describe('names with quotes, line breaks, changes of direction, NUL and halves of emoji', () => {
  let published: Published
  beforeAll(() => {
    published = publish()
  })

  it('leave as well-formed, plain text in verdicts, anomalies and clusters', () => {
    const { verdicts, publications } = published
    expect(verdicts.length).toBeGreaterThan(1000)
    expect(unclean(verdicts.flatMap(textsOf))).toEqual([])
    const types = publications.map(({ type }) => type)
    expect(new Set(types)).toEqual(new Set(['anomaly', 'anomaly_cluster']))
    const decoder = new TextDecoder('utf-8', { fatal: true })
    for (const publication of publications) {
      const record = decoder.decode(encodePublication(publication, 'otlp_json'))
      expect(unclean(textsOf(publicationLine(publication)))).toEqual([])
      expect(unclean(textsOf(record))).toEqual([])
      const sent = encodePublication(publication, 'otlp_proto')
      expect(Buffer.from(sent).includes(Buffer.from('\u202e'))).toBe(false)
    }
  })

  it('leave so in sentences, on pages, in the API and in metrics, and never as mark-up', async () => {
    const { detector } = published
    const clusters = [...detector.openClusters(), ...detector.pastClusters()]
    const [cluster] = clusters
    expect(cluster?.sentence).toContain('or"de rs{é}')
    expect(unclean(clusters.map(({ sentence }) => sentence))).toEqual([])
    const metrics = new Metrics()
    const settings = { alpha: 0.001, refreshMs: 0, falseClustersPerWeek: 1 }
    const service = new ClusterService(metrics, settings, detector, NO_LINKS)
    const server = fastify()
    const changes = { accept: refuse, unaccept: refuse, describe: refuse }
    service.routes(changes, '', () => FAULT_MS)(server)
    const get = async (url: string): Promise<string> => {
      const { statusCode, body } = await server.inject(url)
      expect([url, statusCode]).toEqual([url, 200])
      return body
    }
    const api = `/api/v1/anomaly-clusters/${cluster?.id}`
    for (const url of ['/api/v1/anomaly-clusters', api, '/api/v1/coverage', '/api/v1/signatures']) {
      expect(unclean(textsOf(await get(url)))).toEqual([])
    }
    for (const url of ['/', `/clusters/${cluster?.id}`]) {
      const page = await get(url)
      expect(unclean(page.split('\n'))).toEqual([])
      expect(page).not.toMatch(/<script|rs\{é\}[^<]*<b>/)
    }
    const exposition = await metrics.render()
    expect(exposition).toContain('rs{é}')
    expect(unclean(exposition.split('\n'))).toEqual([])
  })
})

async function refuse(): Promise<boolean> {
  return false
}
