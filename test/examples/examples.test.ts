import { execFile } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'
import { promisify } from 'node:util'
import { describe, expect, it } from 'vitest'

const run = promisify(execFile)
const FOLDER = new URL('../../examples/', import.meta.url).pathname

const examples = readdirSync(FOLDER, { withFileTypes: true })
  .filter((one) => one.isDirectory() && one.name !== 'spark')
  .map(({ name }) => name)

describe('examples', () => {
  it('are all there', () => {
    expect(examples).toEqual([
      ...['flaky-tests', 'near-duplicates', 'representative-customers', 'retrain-on-medoids'],
      ...['samples-to-label', 'security-triage', 'trace-per-behaviour', 'workload-classes'],
    ])
  })

  it.each(examples)('%s prints the numbers of its README', async (name) => {
    const { stdout } = await run(process.execPath, [`${FOLDER}${name}/example.ts`])
    const readme = readFileSync(`${FOLDER}${name}/README.md`, 'utf8')
    expect(readme).toContain(`\`\`\`text\n${stdout}\`\`\`\n`)
  })
})
