import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeEach, describe, expect, it } from 'vitest'
import { Detector } from '../../src/detector/detector.ts'
import { STATE_FORMAT } from '../../src/detector/detector-state.ts'
import { CHECKPOINT_FILE, CheckpointStore } from '../../src/io/checkpoint.ts'
import { detectorSettings } from '../detector-settings.ts'

const root = mkdtempSync(join(tmpdir(), 'medoscope-checkpoint-'))
afterAll(() => rmSync(root, { recursive: true }))

let directory = ''
let lives = 0
beforeEach(() => {
  directory = join(root, `state-${lives++}`)
})

const SETTINGS = { seed: 1, alpha: 0.001 }
const SNAPSHOT = {
  clockMs: 1_790_000_000_123.25,
  offset: 2n ** 62n,
  shards: new Map([
    ['otlp_spans/0', { rows: new Float64Array([1, Number.NaN, -0]), texts: ['é', ''] }],
  ]),
  nothing: null,
}
const POSITIONS = new Map([['otlp_spans/0', 42n]])

const asItIs = (snapshot: unknown): unknown => snapshot

describe('a checkpoint', () => {
  it('comes back as it was, typed arrays, bigints and maps included', async () => {
    const store = new CheckpointStore(directory, SETTINGS)
    await store.save(SNAPSHOT, POSITIONS)
    const again = new CheckpointStore(directory, SETTINGS)
    expect(await again.load(asItIs)).toEqual({
      state: 'restored',
      restored: SNAPSHOT,
      positions: POSITIONS,
    })
    expect(again.bytes).toBe(store.bytes)
    expect(again.bytes).toBe(readFileSync(store.path).length)
  })

  it('is replaced as a whole and leaves nothing beside it', async () => {
    const store = new CheckpointStore(directory, SETTINGS)
    for (let n = 0; n < 3; n++) await store.save({ n }, POSITIONS)
    expect(readdirSync(directory)).toEqual([CHECKPOINT_FILE])
    expect(await store.load(asItIs)).toMatchObject({ restored: { n: 2 } })
  })

  it('is the one before while a new one is half written', async () => {
    const store = new CheckpointStore(directory, SETTINGS)
    await store.save({ n: 1 }, POSITIONS)
    writeFileSync(`${store.path}.tmp`, readFileSync(store.path).subarray(0, 60))
    expect(await new CheckpointStore(directory, SETTINGS).load(asItIs)).toMatchObject({
      restored: { n: 1 },
    })
  })

  it('holds the state at the call, whatever becomes of it while it is written', async () => {
    const store = new CheckpointStore(directory, SETTINGS)
    const state = { rows: new Float64Array([1]) }
    const saving = store.save(state, POSITIONS)
    state.rows[0] = 2
    await saving
    expect(await store.load(asItIs)).toMatchObject({ restored: { rows: new Float64Array([1]) } })
  })

  it('is none where there is none', async () => {
    expect(await new CheckpointStore(directory, SETTINGS).load(asItIs)).toEqual({ state: 'none' })
  })

  it('that cannot be written rejects', async () => {
    writeFileSync(directory, 'a file where the directory should be')
    await expect(new CheckpointStore(directory, SETTINGS).save({}, POSITIONS)).rejects.toThrow()
  })
})

describe('a checkpoint is refused, and put aside,', () => {
  async function refusal(
    change: (bytes: Buffer) => Buffer,
    settings: unknown = SETTINGS,
    restore: (snapshot: unknown) => unknown = asItIs,
  ): Promise<string> {
    const store = new CheckpointStore(directory, SETTINGS)
    await store.save(SNAPSHOT, POSITIONS)
    const changed = change(readFileSync(store.path))
    writeFileSync(store.path, changed)
    const loaded = await new CheckpointStore(directory, settings).load(restore)
    expect(readdirSync(directory)).toEqual([`${CHECKPOINT_FILE}.refused`])
    expect(readFileSync(`${store.path}.refused`)).toEqual(changed)
    return loaded.state === 'refused' ? loaded.reason : loaded.state
  }

  it('when it was made with other settings', async () => {
    expect(await refusal((bytes) => bytes, { ...SETTINGS, alpha: 0.01 })).toContain(
      'other settings',
    )
  })

  it('when its snapshot is of another format, and says of which', async () => {
    const settings = detectorSettings()
    const restore = () =>
      Detector.restore({ ...new Detector(settings).snapshot(), format: 3 }, settings)
    expect(await refusal((bytes) => bytes, SETTINGS, restore)).toBe(
      `The detector's state is format 3; this version reads format ${STATE_FORMAT}`,
    )
  })

  it('when it is cut short, anywhere', async () => {
    for (const share of [0, 0.1, 0.5, 0.99]) {
      directory = join(root, `cut-${share}`)
      const reason = await refusal((bytes) => bytes.subarray(0, Math.floor(bytes.length * share)))
      expect(reason).toMatch(/damaged|no checkpoint/)
    }
  })

  it('when a single bit of it is wrong', async () => {
    expect(
      await refusal((bytes) => {
        const last = bytes.length - 5
        bytes[last] = (bytes[last] ?? 0) ^ 4
        return bytes
      }),
    ).toContain('damaged')
  })

  it('when it is something else', async () => {
    expect(await refusal(() => Buffer.from('{"version":1}'))).toContain(
      'no checkpoint of medoscope',
    )
  })
})
