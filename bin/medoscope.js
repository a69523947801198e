#!/usr/bin/env node
// Starts medoscope on Node 24, also where `node` is an older one: then the project's own is taken.
// Plain JavaScript on purpose: an old Node must be able to read it.
import { spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import module from 'node:module'
import { fileURLToPath } from 'node:url'

const NEEDED = 24
// A checkout runs its sources; a package has none, only what was built from them.
const source = fileURLToPath(new URL('../src/main.ts', import.meta.url))
const main = existsSync(source)
  ? source
  : fileURLToPath(new URL('../dist/main.js', import.meta.url))
const own = fileURLToPath(new URL('../node_modules/node/bin/node', import.meta.url))

if (Number(process.versions.node.split('.')[0]) >= NEEDED) {
  module.enableCompileCache?.()
  const { start } = await import(main)
  await start()
} else if (existsSync(own)) {
  const child = spawn(own, [main, ...process.argv.slice(2)], { stdio: 'inherit' })
  // The child decides how to end. From a terminal it gets the signal twice, and takes it as one.
  for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(name, () => child.kill(name))
  child.on('error', (error) => {
    process.stderr.write(`medoscope: ${own} does not start: ${error.message}\n`)
    process.exit(1)
  })
  child.on('exit', (code, signal) => {
    process.exit(code ?? (signal === 'SIGINT' ? 130 : 1))
  })
} else {
  process.stderr.write(
    `medoscope needs Node ${NEEDED} or newer; this is ${process.versions.node}.\n` +
      'Run `npm install` in its directory, which brings one, or install Node 24.\n',
  )
  process.exit(1)
}
