import { parseDuration } from '../config/leaf.ts'
import { systemClock } from '../io/clock.ts'
import { FaultSwitchServer } from '../io/http/fault-switch-server.ts'
import { createLog } from '../io/telemetry/log.ts'
import { FaultSwitches } from '../simulate/fault-switches.ts'
import { parseArguments } from './arguments.ts'
import { type Command, EXIT, UsageError } from './command.ts'
import { LiveLoad } from './live-load.ts'

const HELP = `usage: medoscope load [options]

Sends the traces of a simulated shop to a Collector, in real time, until it is told to stop. What goes
wrong in the shop is switched on and off in a browser, or with POST /faults/KEY/on and /off.

      --endpoint URL    OTLP/HTTP receiver (http://127.0.0.1:4318)
      --rate N          traces a second (40)
      --seed N          the shop's seed (1)
      --history TIME    first what the shop did that long before, such as 10m, at once (0s)
      --switch ADDR     host:port of the fault switch (127.0.0.1:8089)
      --fault KEY       switch this on from the start; repeatable

exit codes: 0 stopped in order, 1 failed, 2 wrong usage, 130 interrupted with Ctrl-C`

export const load: Command = {
  summary: 'send the traces of a simulated shop, with a fault switch',
  help: HELP,
  async run(args, { stderr, signal }) {
    const { values } = parseArguments(args, {
      endpoint: { type: 'string', default: 'http://127.0.0.1:4318' },
      rate: { type: 'string', default: '40' },
      seed: { type: 'string', default: '1' },
      history: { type: 'string', default: '0s' },
      switch: { type: 'string', default: '127.0.0.1:8089' },
      fault: { type: 'string', multiple: true, default: [] },
    })
    const seed = positive('--seed', values.seed)
    const tracesPerSecond = positive('--rate', values.rate)
    const historyMs = parseDuration(values.history)
    if (historyMs === null) {
      throw new UsageError(`--history wants a duration such as 10m, not ${values.history}`)
    }
    const [, host, port] = /^\[?([\w.:-]+)\]?:(\d{1,5})$/.exec(values.switch) ?? []
    if (host === undefined) throw new UsageError(`--switch wants host:port, not ${values.switch}`)
    const switches = new FaultSwitches(seed)
    for (const key of values.fault) {
      if (switches.set(key, true)) continue
      const known = switches.switches.map((one) => one.key).join(', ')
      throw new UsageError(`there is no fault ${key}; there are ${known}`)
    }
    const write = (line: string): boolean => stderr.write(line)
    const log = createLog({ level: 'info', format: 'text', write, wall: systemClock.wall })
    const { endpoint } = values
    const settings = { endpoint, tracesPerSecond, seed, historyMs }
    const sender = new LiveLoad(settings, switches, systemClock, log)
    const server = new FaultSwitchServer(switches, () => sender)
    await server.start(host, Number(port))
    log.info('sending', { endpoint, traces_per_second: tracesPerSecond, switch: server.address })
    signal.addEventListener('abort', () => sender.stop())
    if (!signal.aborted) await sender.run()
    await server.stop()
    log.info('stopped', { sent: sender.sent, lost: sender.lost })
    return signal.reason === 'SIGINT' ? EXIT.interrupted : EXIT.ok
  },
}

function positive(option: string, text: string): number {
  const value = Number(text)
  if (Number.isFinite(value) && value > 0) return value
  throw new UsageError(`${option} wants a number above 0, not ${text}`)
}
