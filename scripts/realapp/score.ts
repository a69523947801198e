import type { AlertLabels, ListedCluster, Telling, WatchRecord } from './cluster-watch.ts'
import type { FaultName } from './faults.ts'

/** When a fault was on, in wall time. */
export interface FaultWindow {
  readonly fault: FaultName
  readonly fromMs: number
  readonly toMs: number
}

/** What a person would say of a fault, with some freedom of phrasing and none of meaning. */
export interface Expected {
  /** Service to blame: the first of the suspects. */
  readonly suspect: string
  readonly words: RegExp
  readonly severities: readonly string[]
  /** Services whose calls suffer of it: a cluster about others is a false one. */
  readonly touches: readonly string[]
}

/** A fault and what was told of it. */
export interface FaultScore {
  readonly fault: FaultName
  readonly found: boolean
  readonly named: boolean
  /** From its beginning to the first telling; null where there was none. */
  readonly delayS: number | null
  /** What was wrong with the naming. */
  readonly wrong: readonly string[]
  /** The cluster that told it, as it was when the fault ended. */
  readonly told: ListedCluster | null
}

export interface Score {
  readonly faults: readonly FaultScore[]
  /** Alerting clusters that belong to no fault. */
  readonly falseAlerts: readonly Telling[]
  readonly alertChanges: number
}

/** What the batches of spans, the quiet of a trace and the last round of evidence may take beyond a fault's end. */
export const GRACE_MS = 30_000

const SEVERITY_ORDER = ['information', 'warning', 'critical']

/** Whether somebody is woken by it. */
export function alerts({ alerts, severity }: ListedCluster): boolean {
  return alerts ?? severity !== 'information'
}

/** The services that a cluster speaks of: suspects and both ends of its place. */
function servicesOf({ services, place }: ListedCluster): Set<string> {
  const ends = place.split(' -> ').map((end) => end.trim().split(' ', 1)[0] ?? '')
  return new Set([...services, ...ends.filter((end) => end !== '')])
}

function touches(cluster: ListedCluster, { suspect, touches: others }: Expected): boolean {
  const spoken = servicesOf(cluster)
  return [suspect, ...others].some((service) => spoken.has(service))
}

/**
 * What was told of each fault, and what was told besides.
 * @param falseFromMs alerts before it are forgiven: what comes back was not seen often enough to be known
 */
export function score(
  windows: readonly FaultWindow[],
  record: WatchRecord,
  expected: Readonly<Record<FaultName, Expected>>,
  falseFromMs: number,
): Score {
  const faults = windows.map((window) =>
    scoreFault(window, record.tellings, expected[window.fault]),
  )
  const firsts = firstAlerts(record.tellings)
  const falseAlerts = firsts.filter(({ atMs, cluster }) => {
    if (atMs < falseFromMs) return false
    const window = windows.find((each) => within(each, atMs))
    return window === undefined || !touches(cluster, expected[window.fault])
  })
  return { faults, falseAlerts, alertChanges: alertChanges(record.alerts) }
}

function within({ fromMs, toMs }: FaultWindow, atMs: number): boolean {
  return atMs >= fromMs && atMs < toMs + GRACE_MS
}

/** The first telling of each cluster by which somebody is woken; again after it was closed. */
function firstAlerts(tellings: readonly Telling[]): Telling[] {
  const waking = new Set<string>()
  const firsts: Telling[] = []
  for (const telling of tellings) {
    const { cluster } = telling
    const wakes = cluster.state === 'open' && alerts(cluster)
    if (wakes && !waking.has(cluster.id)) firsts.push(telling)
    if (wakes) waking.add(cluster.id)
    else if (cluster.state !== 'open') waking.delete(cluster.id)
  }
  return firsts
}

function scoreFault(
  window: FaultWindow,
  tellings: readonly Telling[],
  expected: Expected,
): FaultScore {
  const { fault, fromMs } = window
  const inWindow = tellings.filter(
    ({ atMs, cluster }) =>
      within(window, atMs) && cluster.state === 'open' && touches(cluster, expected),
  )
  // An older cluster that goes on is no news.
  const before = new Set(
    tellings.filter(({ atMs }) => atMs < fromMs).map(({ cluster }) => cluster.id),
  )
  const news = inWindow.filter(
    ({ cluster }) => !before.has(cluster.id) || wasClosed(cluster, tellings, fromMs),
  )
  const [first] = news
  if (first === undefined) {
    return { fault, found: false, named: false, delayS: null, wrong: ['not told'], told: null }
  }
  const told = gravest(latest(news))
  const wrong = told === null ? ['not told'] : wrongInLife(told, news, expected)
  const delayS = (first.atMs - fromMs) / 1000
  return { fault, found: true, named: wrong.length === 0, delayS, wrong, told }
}

function wasClosed({ id }: ListedCluster, tellings: readonly Telling[], beforeMs: number): boolean {
  const last = tellings.findLast(({ atMs, cluster }) => atMs < beforeMs && cluster.id === id)
  return last !== undefined && last.cluster.state !== 'open'
}

/** What each cluster said last, in the order in which they were first told. */
function latest(tellings: readonly Telling[]): ListedCluster[] {
  const last = new Map<string, ListedCluster>()
  for (const { cluster } of tellings) last.set(cluster.id, cluster)
  return [...last.values()]
}

/** What the person who is woken reads first: the gravest, of equals the one told first. */
function gravest(clusters: readonly ListedCluster[]): ListedCluster | null {
  const grave = ({ severity }: ListedCluster): number => SEVERITY_ORDER.indexOf(severity)
  return clusters.reduce<ListedCluster | null>(
    (most, one) => (most === null || grave(one) > grave(most) ? one : most),
    null,
  )
}

/**
 * What is wrong with a cluster as it is now, and with what the person who was woken read first: only its
 * severity may have grown since.
 */
function wrongInLife(
  told: ListedCluster,
  tellings: readonly Telling[],
  expected: Expected,
): string[] {
  const first = tellings.find(({ cluster }) => cluster.id === told.id)?.cluster ?? told
  const atFirst = wrongStory(first, expected).map((what) => `at first ${what}`)
  return [...wrongWith(told, expected), ...atFirst]
}

/** In words; nothing where a person would say the same. */
export function wrongWith(cluster: ListedCluster, expected: Expected): string[] {
  const { severity } = cluster
  const { severities } = expected
  const wrong = wrongStory(cluster, expected)
  if (!severities.includes(severity)) wrong.push(`${severity}, not ${severities.join(' or ')}`)
  return wrong
}

/** Who suffers, which is said first and is no cause: `web GET /: 20 % of requests fail since 21:22:31. `. */
const WHO_SUFFERS = /^.* of requests (?:fail|are slow) since [\d:]+\. /

function wrongStory({ services, sentence }: ListedCluster, { suspect, words }: Expected): string[] {
  const wrong: string[] = []
  if (services[0] !== suspect) wrong.push(`suspects ${services[0] ?? 'nobody'}, not ${suspect}`)
  const cause = sentence.replace(WHO_SUFFERS, '')
  if (!words.test(cause)) wrong.push(`does not say ${words.source}`)
  return wrong
}

/** How often the alert of a cluster became another one; a graver one beside it is an escalation. */
function alertChanges(alerts: readonly AlertLabels[]): number {
  const known = new Map<string, string>()
  let changes = 0
  for (const { cluster, labels } of alerts) {
    const last = known.get(cluster)
    if (last !== undefined && last !== labels && !escalates(last, labels)) changes++
    known.set(cluster, labels)
  }
  return changes
}

function escalates(from: string, to: string): boolean {
  const severity = /(?:^| )severity=(\w+)/
  const [was = '', is = ''] = [from, to].map((labels) => severity.exec(labels)?.[1])
  const same = from.replace(severity, '') === to.replace(severity, '')
  return same && SEVERITY_ORDER.indexOf(is) > SEVERITY_ORDER.indexOf(was)
}

export interface Figures {
  readonly app_faults: number
  readonly app_faults_found: number
  readonly app_named: number
  readonly app_median_delay_s: number | null
  readonly app_alert_changes: number
  readonly app_false_alerts: number
}

export function figures({ faults, falseAlerts, alertChanges }: Score): Figures {
  return {
    app_faults: faults.length,
    app_faults_found: faults.filter(({ found }) => found).length,
    app_named: faults.filter(({ named }) => named).length,
    app_median_delay_s: medianDelay(faults),
    app_alert_changes: alertChanges,
    app_false_alerts: falseAlerts.length,
  }
}

/** In seconds, to a tenth; null where nothing was found. */
function medianDelay(faults: readonly FaultScore[]): number | null {
  const delays = faults
    .map(({ delayS }) => delayS)
    .filter((delayS) => delayS !== null)
    .sort((a, b) => a - b)
  const low = delays[Math.ceil(delays.length / 2) - 1]
  const high = delays[Math.floor(delays.length / 2)]
  return low === undefined || high === undefined ? null : Math.round((low + high) * 5) / 10
}

/** As told in a terminal. */
export function table(result: Score): string {
  const lines = result.faults.flatMap(({ fault, named, found, delayS, wrong, told }) => [
    `${fault.padEnd(12)} ${found ? `after ${delayS?.toFixed(0)} s` : 'not found'}, ${named ? 'named' : wrong.join('; ')}`,
    `             ${told === null ? '' : `[${told.severity}] ${told.sentence}`}`,
  ])
  const others = result.falseAlerts.map(
    ({ cluster }) => `false alert  [${cluster.severity}] ${cluster.sentence}`,
  )
  return [...lines, ...others].join('\n')
}
