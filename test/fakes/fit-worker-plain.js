// A fit worker that answers as its request says.
import { parentPort } from 'node:worker_threads'

parentPort.on('message', (request) => {
  if (request.die) process.exit(3)
  if (request.throw) parentPort.postMessage({ error: request.throw })
  else parentPort.postMessage({ result: { echo: request } })
})
