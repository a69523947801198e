// What the harness asks of the services right now: the faults that are on, and where they find each
// other. A file, because a request would be a trace of its own.
const { readFileSync } = require('node:fs')
const { setTimeout: delay } = require('node:timers/promises')

const FILE = process.env.CONTROL_FILE
const listeners = []
let control = { faults: [], addresses: {} }

function read() {
  try {
    control = JSON.parse(readFileSync(FILE, 'utf8'))
  } catch {
    // Between two renames; the next reading has it.
  }
  for (const listener of listeners) listener()
}
read()
setInterval(read, 100)

// The instrumentation takes SIGTERM to send its last spans, after which nobody ends the process.
process.on('SIGTERM', () => setTimeout(() => process.exit(), 1000))

exports.isOn = (fault) => control.faults.includes(fault)
exports.addressOf = (service) => control.addresses[service]
exports.onChange = (listener) => listeners.push(listener)

/** As if somebody worked for about so long; most requests near `typical`, some of twice. */
exports.work = (typicalMs) => {
  const noise = Math.sqrt(-2 * Math.log(1 - Math.random())) * Math.cos(2 * Math.PI * Math.random())
  return delay(typicalMs * Math.exp(0.3 * noise))
}
