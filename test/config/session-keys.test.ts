import { describe, expect, it } from 'vitest'
import { detectorSettings } from '../../src/config/detector-settings.ts'
import { ConfigError, loadConfig } from '../../src/config/load.ts'

const settings = (text: string) =>
  detectorSettings(loadConfig({ name: 'test', text, env: {}, set: [] })).logs

describe('the keys of sessions', () => {
  it('are attributes, and regular expressions between slashes', () => {
    const logs = settings("logs: {session: {keys: [host.name, '/(blk_-?\\d+)/'], gap: 90s}}")
    expect(logs?.keys).toEqual(['host.name'])
    expect(logs?.patterns.map(({ source }) => source)).toEqual(['(blk_-?\\d+)'])
    expect(logs?.session).toMatchObject({ gapMs: 90_000, maxAgeMs: 600_000, maxOpen: 50_000 })
  })

  it('are none by default: log records are judged in their traces only', () => {
    expect(settings('')).toMatchObject({ keys: [], patterns: [], traces: { maxRecords: 256 } })
    expect(settings('logs: {traces: {join: false}}')).toBeNull()
  })

  it.each(["'/no group/'", "'/(open/'", "''"])('are refused: %s', (key) => {
    expect(() => settings(`logs: {session: {keys: [${key}]}}`)).toThrow(ConfigError)
  })
})
