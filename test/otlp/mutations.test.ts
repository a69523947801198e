import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { isDeepStrictEqual } from 'node:util'
import fc from 'fast-check'
import { describe, expect, inject, it } from 'vitest'
import { DecodeError } from '../../src/otlp/decode-error.ts'
import { decodeTracesJson } from '../../src/otlp/decode-json.ts'
import { decodeTraces } from '../../src/otlp/decode-protobuf.ts'
import type { DecodeTarget } from '../../src/otlp/decode-target.ts'
import { encodeTracesJson, encodeTracesProto } from '../../src/otlp/encode-traces.ts'
import { arbitraryRequest } from './arbitrary-requests.ts'
import { jsonSpans } from './json-oracle.ts'
import { oracleSpans } from './protobuf-oracle.ts'
import { newTarget, type PlainSpan, plainSpans } from './span-list.ts'
import { mutateField } from './wire.ts'

/** 100,000 damaged bodies in all are a long test; a fifth of them go with every run. */
const BODIES = inject('thorough') ? 100_000 : 20_000
const PROTOBUF_BODIES = 0.6 * BODIES
const JSON_BODIES = 0.4 * BODIES
const SEED = 20_260_101
const MAX_BODY = 800

// Most bodies are refused twice, and gathering stacks would take longer than all the decoding.
Error.stackTraceLimit = 0

// A target for many bodies; anew before its vocabularies are full, as `(other)` compares with nothing.
let target = newTarget()
/** Spans kept of bodies of which some were left out. */
let kept = 0

function decoded(
  decode: (body: Uint8Array, target: DecodeTarget) => number,
  body: Uint8Array,
): PlainSpan[] | DecodeError {
  if (target.values.size > 800 || target.names.size > 800) target = newTarget()
  target.columns.clear()
  try {
    const added = decode(body, target)
    const spans = plainSpans(target)
    if (added !== spans.length) throw new Error(`said ${added} spans, gave ${spans.length}`)
    const { first } = target.rejected
    if (first === null) return spans
    // A whole reader refuses the body for one of its spans; ours has said which and kept the others.
    kept += spans.length
    return first
  } catch (error) {
    if (!(error instanceof DecodeError)) throw error
    if (target.columns.count !== 0) throw new Error('rows left behind')
    if (target.rejected.inBody !== 0) throw new Error('spans of a refused body counted')
    return error
  }
}

describe('mutated protobuf', () => {
  it(`gives spans as protobufjs reads them or a DecodeError, ${PROTOBUF_BODIES} times`, {
    timeout: 120_000,
  }, () => {
    const bodies = [
      ...fc.sample(arbitraryRequest, { seed: SEED, numRuns: 1_000 }).map(encodeTracesProto),
      ...collectorBodies(),
    ].filter((body) => body.length > 0 && body.length <= MAX_BODY)
    expect(bodies.length).toBeGreaterThan(100)
    const random = mulberry32(SEED)
    const tally = { same: 0, refused: 0, refusedByBoth: 0, unread: 0 }
    for (let i = 0; i < PROTOBUF_BODIES; i++) {
      const body = mutate(pick(bodies, random), bodies, random)
      const ours = decoded(decodeTraces, body)
      const theirs = accepted(() => oracleSpans(body))
      if (ours instanceof DecodeError) {
        if (theirs === null) tally.refusedByBoth++
        else {
          // protobufjs knows neither the rules for ids nor minds a wrong wire type or a group.
          expect(ours.reason).toMatch(/^(id of|span without|wire type)/)
          tally.refused++
        }
      } else if (theirs === null) {
        // The damage lies where nothing is looked for: events, links, scopes, unwanted attributes.
        tally.unread++
      } else {
        if (!isDeepStrictEqual(ours, theirs)) expect(ours).toEqual(theirs)
        tally.same++
      }
    }
    // The test would prove little if nearly all bodies ended the same way.
    for (const count of Object.values(tally)) expect(count).toBeGreaterThan(BODIES / 1000)
    expect(kept).toBeGreaterThan(BODIES / 1000)
  })
})

describe('mutated JSON', () => {
  it(`gives spans as read plainly or a DecodeError, ${JSON_BODIES} times`, {
    timeout: 120_000,
  }, () => {
    const utf8 = new TextDecoder()
    const bodies = fc
      .sample(arbitraryRequest, { seed: SEED, numRuns: 1_000 })
      .map(encodeTracesJson)
      .filter((body) => body.length <= 2 * MAX_BODY)
    expect(bodies.length).toBeGreaterThan(100)
    const random = mulberry32(SEED)
    const tally = { same: 0, refused: 0 }
    for (let i = 0; i < JSON_BODIES; i++) {
      const body = pick(bodies, random)
      const mutated = i % 2 === 0 ? mutateBytes(body, bodies, random) : mutateTokens(body, random)
      const ours = decoded(decodeTracesJson, mutated)
      const text = utf8.decode(mutated)
      if (ours instanceof DecodeError) tally.refused++
      // An array, or what a logger may have put in front: read as well, but not by the plain reader.
      else if (text.startsWith('{"resourceSpans')) {
        const theirs = jsonSpans(text)
        if (!isDeepStrictEqual(ours, theirs)) expect(ours).toEqual(theirs)
        tally.same++
      }
    }
    for (const count of Object.values(tally)) expect(count).toBeGreaterThan(JSON_BODIES / 20)
  })
})

function collectorBodies(): Uint8Array[] {
  const file = join(import.meta.dirname, '../fixtures/collector/kafka.otlp_spans_keyed.jsonl')
  return readFileSync(file, 'utf8')
    .trim()
    .split('\n')
    .map((line) => Buffer.from((JSON.parse(line) as { value: string }).value, 'base64'))
}

function accepted(read: () => PlainSpan[]): PlainSpan[] | null {
  try {
    return read()
  } catch {
    return null
  }
}

function mutate(body: Uint8Array, others: readonly Uint8Array[], random: () => number): Uint8Array {
  return random() % 2 === 0 ? mutateBytes(body, others, random) : mutateField(body, random)
}

/** One to three bit flips, cuts, splices, small numbers where lengths may be, repetitions. */
function mutateBytes(
  body: Uint8Array,
  others: readonly Uint8Array[],
  random: () => number,
): Uint8Array {
  let bytes = Array.from(body)
  const times = 1 + (random() % 3)
  for (let i = 0; i < times; i++) {
    const at = random() % (bytes.length + 1)
    const to = at + (random() % 20)
    switch (random() % 6) {
      case 0:
        bytes[Math.min(at, bytes.length - 1)]! ^= 1 << (random() % 8)
        break
      case 1:
        bytes = bytes.slice(0, at)
        break
      case 2:
        bytes.splice(at, to - at)
        break
      case 3: {
        const other = pick(others, random)
        const from = random() % (other.length + 1)
        bytes.splice(at, random() % 20, ...other.slice(from, from + (random() % 40)))
        break
      }
      case 4:
        bytes[Math.min(at, bytes.length - 1)] = random() % 5 === 0 ? 0xff : random() % 32
        break
      default:
        bytes.splice(at, 0, ...bytes.slice(at, to))
    }
    if (bytes.length === 0) bytes = [0]
  }
  return Uint8Array.from(bytes)
}

const TOKENS = ['null', '0', '-1', '1.5', '1e40', 'true', '""', '"x"', '{}', '[]', '[{}]', '"7"']

/** Another value in place of one value: mostly still JSON, but of the wrong type. */
function mutateTokens(body: Uint8Array, random: () => number): Uint8Array {
  const text = new TextDecoder().decode(body)
  const values = [...text.matchAll(/(?<=:)("(?:[^"\\]|\\.)*"|-?\d[\d.e+-]*|true|false|\{\}|\[\])/g)]
  const value = values.length > 0 ? pick(values, random) : null
  if (!value) return body
  const token = pick(TOKENS, random)
  const end = value.index + value[0].length
  return new TextEncoder().encode(text.slice(0, value.index) + token + text.slice(end))
}

function pick<T>(items: readonly T[], random: () => number): T {
  return items[random() % items.length]!
}

/** Tommy Ettinger's mulberry32; 32-bit words. */
function mulberry32(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return (mixed ^ (mixed >>> 14)) >>> 0
  }
}
