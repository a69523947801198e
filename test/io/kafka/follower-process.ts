import { Follower } from './follower.ts'
import { sourceSettings } from './source-driver.ts'

// A follower in a process of its own, to be killed: `node follower-process.ts BROKERS TOPIC GROUP`.
// It writes each text that it has polled as a line.
const [brokers = '', topic = '', groupId = ''] = process.argv.slice(2)
const follower = await Follower.start(
  sourceSettings(brokers.split(','), topic, { groupId, sessionTimeoutMs: 1500 }),
)
let written = 0
setInterval(() => {
  while (written < follower.texts.length) process.stdout.write(`${follower.texts[written++]}\n`)
}, 20)
