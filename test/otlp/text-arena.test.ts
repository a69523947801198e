import { describe, expect, it } from 'vitest'
import { MOST_TEXT_BYTES, TextArena } from '../../src/otlp/text-arena.ts'

const utf8 = new TextEncoder()

describe('TextArena', () => {
  it('keeps the same beginning of a long text, from bytes and from a string', () => {
    for (const letter of ['x', 'ü', '語', '𝄞']) {
      const text = `a${letter.repeat(MOST_TEXT_BYTES)}`
      const bytes = utf8.encode(`<${text}>`)
      const arena = new TextArena()
      const kept = arena.add(bytes, 1, bytes.length - 1)
      expect(arena.addText(text)).toBe(kept)
      expect(arena.length).toBe(2 * kept)
      const decoded = new TextDecoder('utf-8', { fatal: true }).decode(
        arena.bytes.subarray(0, kept),
      )
      expect(text.startsWith(decoded)).toBe(true)
      expect(kept).toBeGreaterThan(MOST_TEXT_BYTES - 4)
      expect(kept).toBeLessThanOrEqual(MOST_TEXT_BYTES)
    }
  })

  it('cuts a long text that is not UTF-8 like any other, and leaves the one before as it is', () => {
    const arena = new TextArena()
    expect(arena.addText('before')).toBe(6)
    const bytes = new Uint8Array(20_000).fill(0x80)
    expect(arena.add(bytes, 1, bytes.length)).toBe(MOST_TEXT_BYTES)
    expect(arena.length).toBe(6 + MOST_TEXT_BYTES)
    expect(new TextDecoder().decode(arena.bytes.subarray(0, 6))).toBe('before')
  })
})
