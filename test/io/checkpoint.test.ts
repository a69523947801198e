import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { type FileHandle, open } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { Detector } from '../../src/detector/detector.ts'
import { STATE_FORMAT } from '../../src/detector/detector-state.ts'
import {
  CHECKPOINT_FILE,
  CheckpointStore,
  type StateDependencies,
} from '../../src/io/checkpoint.ts'
import { StateOwner } from '../../src/io/state-owner.ts'
import { detectorSettings } from '../detector-settings.ts'

const root = mkdtempSync(join(tmpdir(), 'medoscope-checkpoint-'))
afterAll(() => rmSync(root, { recursive: true }))

let directory = ''
let lives = 0
beforeEach(() => {
  directory = join(root, `state-${lives++}`)
})

const SETTINGS = { same: { seed: 1, categories: ['a'] }, atLeast: { max_paths: 100 } }
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

describe('a disk that is full', () => {
  it('leaves the checkpoint before, and no half of the new one', () => {
    // A limit of the shell in place of a full disk: the write that crosses it is cut short, as there.
    const script = `
      import { CheckpointStore } from ${JSON.stringify(import.meta.resolve('../../src/io/checkpoint.ts'))}
      process.on('SIGXFSZ', () => undefined)
      const store = new CheckpointStore(${JSON.stringify(directory)}, { same: {}, atLeast: {} })
      await store.save({ n: 1 }, new Map([['p', 1n]]))
      const large = { n: 2, rows: new Uint8Array(60_000) }
      const failure = await store.save(large, new Map([['p', 2n]])).then(() => 'saved', (e) => e.message)
      const { restored, positions } = await store.load((snapshot) => snapshot)
      process.stdout.write([failure, restored.n, positions.get('p')].join(' '))`
    const command = `ulimit -f 16; exec "$0" --input-type=module -e "$1"`
    const { stdout, stderr } = spawnSync('bash', ['-c', command, process.execPath, script], {
      encoding: 'utf8',
    })
    expect(stderr).toBe('')
    expect(stdout).toMatch(/(EFBIG|takes nothing).* 1 1$/)
    expect(statSync(join(directory, `${CHECKPOINT_FILE}.tmp`)).size).toBe(0)
  })
})

describe('a disk that lies', () => {
  afterEach(() => vi.restoreAllMocks())

  /** What every open file has its methods from. */
  async function fileMethods(): Promise<FileHandle> {
    const file = await open(import.meta.filename)
    await file.close()
    return Object.getPrototypeOf(file) as FileHandle
  }

  /** Makes each write of a large part go through `lie`, which gives what reaches the disk. */
  async function lying(lie: (bytes: Uint8Array) => Uint8Array): Promise<void> {
    const methods = await fileMethods()
    const write = methods.write as (this: FileHandle, bytes: Uint8Array) => Promise<unknown>
    vi.spyOn(methods, 'write').mockImplementation(async function (
      this: FileHandle,
      ...[buffer, at, length]: unknown[]
    ) {
      const bytes = (buffer as Uint8Array).subarray(Number(at), Number(at) + Number(length))
      await write.call(this, bytes.length > 1000 ? lie(bytes) : bytes)
      return { bytesWritten: bytes.length, buffer: bytes }
    } as FileHandle['write'])
  }

  it.each<[string, (bytes: Uint8Array) => Uint8Array]>([
    ['turns a bit', (bytes) => bytes.map((byte, i) => (i === 777 ? byte ^ 1 : byte))],
    ['writes less than it says', (bytes) => bytes.subarray(0, -300)],
    ['writes zeros', (bytes) => new Uint8Array(bytes.length)],
  ])('and %s does not replace the checkpoint before, and is told of', async (_, lie) => {
    const store = new CheckpointStore(directory, SETTINGS)
    await store.save({ n: 1 }, POSITIONS)
    const good = readFileSync(store.path)
    await lying(lie)
    const large = { n: 2, rows: new Float64Array(3_000).fill(0.1) }
    await expect(store.save(large, POSITIONS)).rejects.toThrow('does not read the same')
    expect(readFileSync(store.path)).toEqual(good)
    expect(statSync(`${store.path}.tmp`).size).toBe(0)
    expect(store.bytes).toBe(good.length)
    vi.restoreAllMocks()
    await store.save(large, POSITIONS)
    expect(readdirSync(directory)).toEqual([CHECKPOINT_FILE])
    expect(await store.load(asItIs)).toMatchObject({ restored: { n: 2 } })
  })

  it('and cannot flush does not replace the checkpoint before either', async () => {
    const store = new CheckpointStore(directory, SETTINGS)
    await store.save({ n: 1 }, POSITIONS)
    vi.spyOn(await fileMethods(), 'sync').mockRejectedValue(new Error('EIO'))
    await expect(store.save({ n: 2 }, POSITIONS)).rejects.toThrow('EIO')
    expect(await store.load(asItIs)).toMatchObject({ restored: { n: 1 } })
  })
})

describe('the owner of a state directory', () => {
  it('is one at a time, in this process and over processes, and none after a kill', async () => {
    const first = new StateOwner(directory)
    await first.claim(0)
    await expect(new StateOwner(directory).claim(0)).rejects.toThrow(/in use by another medoscope/)
    first.release()
    first.release()
    const script = `
      import { StateOwner } from ${JSON.stringify(import.meta.resolve('../../src/io/state-owner.ts'))}
      globalThis.owner = new StateOwner(${JSON.stringify(directory)})
      await globalThis.owner.claim(0)
      process.stdout.write('mine')
      setInterval(() => undefined, 1000)`
    const other = spawn(process.execPath, ['--input-type=module', '-e', script])
    await once(other.stdout, 'data')
    const second = new StateOwner(directory)
    await expect(second.claim(300)).rejects.toThrow(/in use/)
    const waiting = second.claim(20_000)
    other.kill('SIGKILL')
    await waiting
    second.release()
  })

  it('says what to do where nobody can have it', async () => {
    writeFileSync(directory, 'a file')
    await expect(new StateOwner(directory).claim(0)).rejects.toThrow(/^state\.path/)
  })
})

describe('a checkpoint is refused, and put aside,', () => {
  async function refusal(
    change: (bytes: Buffer) => Buffer,
    settings: StateDependencies = SETTINGS,
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

  it('when it was made with settings that give it another meaning, and says which', async () => {
    const reason = await refusal((bytes) => bytes, {
      ...SETTINGS,
      same: { seed: 2, categories: ['a'] },
    })
    expect(reason).toBe('it was made with seed 1, which is now 2')
    directory = join(root, 'smaller')
    expect(await refusal((bytes) => bytes, { ...SETTINGS, atLeast: { max_paths: 99 } })).toContain(
      'max_paths 100, which is now smaller: 99',
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
