import { parseArgs } from 'node:util'
import { AnomalyClusters } from '../../src/anomaly-clusters/anomaly-clusters.ts'
import { ActiveModel } from '../../src/model/active-model.ts'
import { benchDecode } from './decode.ts'
import { type Prepared, prepare, protobufjsPass, timePass } from './detector-bench.ts'
import { type Figure, median, printFigures, quantile } from './figures.ts'
import { benchKmedoids } from './kmedoids.ts'
import { prepareLogs, protobufjsLogsPass } from './log-bench.ts'
import { longReplay } from './long-replay.ts'
import { scrape } from './scrape.ts'
import { telemetryCost } from './telemetry-cost.ts'

const { values: options } = parseArgs({
  options: {
    json: { type: 'boolean', default: false },
    long: { type: 'boolean', default: false },
    rounds: { type: 'string', default: '7' },
  },
})
const rounds = Number(options.rounds)
const progress = (text: string): void => console.error(text)

/** The whole way against decoding the same bodies with protobufjs alone, turn by turn. */
function endToEnd(prepared: Prepared): Figure[] {
  const protobufjs = protobufjsPass(prepared.records)
  timePass(prepared)
  protobufjs()
  const ratios: number[] = []
  const speeds: number[] = []
  for (let round = 0; round < rounds; round++) {
    const own = timePass(prepared)
    ratios.push(protobufjs() / own)
    speeds.push(prepared.spans / own)
  }
  const { clusters, strata, spans } = prepared
  return [
    {
      name: 'verdicts_vs_protobufjs',
      value: median(ratios),
      what: `protobuf bodies to verdicts, ${spans} spans, ${clusters} medoids over ${strata} strata, over protobufjs decoding alone`,
      bar: 'at least 1.0, aim 2.0',
    },
    {
      name: 'kspans_per_s',
      value: median(speeds),
      what: 'thousand spans a second, to verdicts',
      bar: '',
    },
  ]
}

/** The whole way of logs, to verdicts on sessions, in the same way. */
function logsEndToEnd(): Figure[] {
  const figures: Figure[] = []
  for (const [by, bar] of [
    ['attribute', 'at least 1.0'],
    ['body', ''],
  ] as const) {
    const prepared = prepareLogs(by)
    const protobufjs = protobufjsLogsPass(prepared)
    timePass(prepared)
    protobufjs()
    const ratios: number[] = []
    for (let round = 0; round < rounds; round++) {
      const own = timePass(prepared)
      ratios.push(protobufjs() / own)
    }
    const name = by === 'attribute' ? 'log_verdicts_vs_protobufjs' : 'log_verdicts_by_body'
    const what = `protobuf bodies to verdicts on sessions by ${by}, ${prepared.spans} log records, over protobufjs decoding alone`
    figures.push({ name, value: median(ratios), what, bar })
  }
  return figures
}

/** Time per span of a shop 16 times as large over that of the small one. */
function growth(): Figure[] {
  const sizes = [1, 4, 16].map((scale) => prepare(scale, Math.max(2, 60 / scale)))
  for (const prepared of sizes) timePass(prepared)
  const times = sizes.map((): number[] => [])
  for (let round = 0; round < rounds; round++) {
    sizes.forEach((prepared, i) => {
      times[i]?.push(timePass(prepared) / prepared.spans)
    })
  }
  const [one = [], four = [], sixteen = []] = times
  const ratio = (other: number[]): number => median(other.map((t, i) => t / (one[i] ?? 1)))
  const what = sizes.map(({ clusters, strata }) => `${clusters}/${strata}`).join(', ')
  return [
    { name: 'growth_4x', value: ratio(four), what: 'time per span, 4 x over 1 x', bar: '' },
    {
      name: 'growth_16x',
      value: ratio(sixteen),
      what: `time per span, 16 x the services, operations and medoids over 1 x (medoids/strata: ${what})`,
      bar: 'under 2',
    },
  ]
}

/** Each call of `judge`, and the share of the loop that accumulation takes, by wrapped methods. */
function insideTheLoop(prepared: Prepared): Figure[] {
  const judged: number[] = []
  const restoreJudge = timed(ActiveModel.prototype, 'judge', (ms) => judged.push(ms))
  timePass(prepared)
  restoreJudge()
  const shares: number[] = []
  for (let round = 0; round < rounds; round++) {
    let accumulated = 0
    const add = (ms: number): void => {
      accumulated += ms
    }
    const undo = [
      timed(AnomalyClusters.prototype, 'observe', add),
      timed(AnomalyClusters.prototype, 'advance', add),
    ]
    const total = timePass(prepared)
    for (const restore of undo) restore()
    shares.push(accumulated / total)
  }
  return [
    {
      name: 'assign_p99_us',
      value: quantile(judged, 0.99) * 1000,
      what: `one trace to its nearest medoid and p-value, p99 of ${judged.length}, us`,
      bar: 'under 100',
    },
    {
      name: 'accumulate_share',
      value: median(shares),
      what: 'share of the loop that goes into accumulating evidence, timers included',
      bar: 'under 0.10',
    },
  ]
}

/** Wraps a method so that each call's time is told; gives back what undoes it. */
function timed<T extends object>(
  prototype: T,
  name: keyof T,
  tell: (ms: number) => void,
): () => void {
  const original = prototype[name] as (...args: unknown[]) => unknown
  prototype[name] = function (this: unknown, ...args: unknown[]): unknown {
    const from = performance.now()
    const result = original.apply(this, args)
    tell(performance.now() - from)
    return result
  } as T[keyof T]
  return () => {
    prototype[name] = original as T[keyof T]
  }
}

const figures: Figure[] = []
progress('decoding ...')
const decode = benchDecode(rounds)
figures.push({
  name: 'decode_vs_protobufjs',
  value: decode.ratio,
  what: `selective reader over protobufjs, ${Math.round(decode.medoscope)} against ${Math.round(decode.protobufjs)} k spans/s`,
  bar: '',
})
progress('whole way ...')
const prepared = prepare(4, 40)
figures.push(...endToEnd(prepared), ...insideTheLoop(prepared))
progress('whole way of logs ...')
figures.push(...logsEndToEnd())
progress('telemetry ...')
figures.push(...(await telemetryCost(rounds)), ...(await scrape(prepare(16, 1))))
progress('growth ...')
figures.push(...growth())
figures.push(...(await benchKmedoids(progress)))
if (options.long) figures.push(...(await longReplay(progress)))
printFigures(figures, options.json)
