import { readFile } from 'node:fs/promises'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { kernelBytesModule } from '../../scripts/build-kernel.ts'
import type { Kernel } from '../../src/kmedoids/kernel/kernel.ts'
import { type Backend, kernelMemory } from '../../src/kmedoids/kernel/kernel-memory.ts'
import { Pieces } from '../../src/kmedoids/kernel-board.ts'

/** Values that tie, cancel, vanish and differ by orders of magnitude. */
const value = fc.oneof(
  fc.integer({ min: -4, max: 4 }),
  fc.double({ min: -1e6, max: 1e6, noNaN: true }),
  fc.constantFrom(0, 1e-30, 1e15),
)
const shape = fc.record({
  p: fc.integer({ min: 1, max: 9 }),
  panels: fc.integer({ min: 1, max: 5 }),
  values: fc.array(value, { minLength: 60, maxLength: 60 }),
  missing: fc.array(fc.boolean(), { minLength: 7, maxLength: 7 }),
})

/** Measures 4 points against panels of 8 targets and gives the rows, 8 numbers a panel. */
function rowsBy(
  backend: Backend,
  measure: 'gower' | Exclude<keyof Kernel, 'gower' | 'scan' | 'nearestTwo' | 'gain' | 'applySwap'>,
  { p, panels, values, missing }: typeof shape extends fc.Arbitrary<infer T> ? T : never,
): Float32Array {
  const pieces = new Pieces()
  const points = pieces.take(16 * p)
  const targets = pieces.take(32 * p * panels)
  const kinds = pieces.take(p)
  const weights = pieces.take(4 * p)
  const stride = 32 * panels
  const out = pieces.take(4 * stride)
  const { kernel, buffer } = kernelMemory(pieces.bytes, backend)
  const fill = (at: number, count: number, shift: number): void => {
    const view = new Float32Array(buffer, at, count)
    for (let i = 0; i < count; i++) {
      const one = values[(i * 7 + shift) % values.length]!
      view[i] = measure === 'ruzicka' ? Math.abs(one) : one
      if (measure === 'gower' && missing[(i + shift) % missing.length]) view[i] = Number.NaN
    }
  }
  fill(points, 4 * p, 0)
  fill(targets, 8 * p * panels, 3)
  for (let j = 0; j < p; j++) {
    new Uint8Array(buffer)[kinds + j] = j % 2
    new Float32Array(buffer)[weights / 4 + j] = (j + 1) / 7
  }
  const where = [points, targets, p, panels, out, stride] as const
  if (measure === 'gower') kernel.gower(...where, kinds, weights)
  else kernel[measure](...where)
  return new Float32Array(buffer, out, 8 * panels * 4).slice()
}

/** One board in kernel memory: m targets of k slots and one row of a candidate. */
function boardBy(backend: Backend, seed: readonly number[], m: number, k: number) {
  const padded = Math.ceil(m / 16) * 16
  const stride = 4 * padded
  const pieces = new Pieces()
  const at = {
    row: pieces.take(stride),
    rows: pieces.take(k * stride),
    nearest: pieces.take(stride),
    second: pieces.take(stride),
    assignment: pieces.take(stride),
    runnerUp: pieces.take(stride),
    weights: pieces.take(2 * stride),
    change: pieces.take(8 * k),
    medoids: pieces.take(4 * k),
    ids: pieces.take(stride),
  }
  const { kernel, buffer } = kernelMemory(pieces.bytes, backend)
  const f32 = new Float32Array(buffer)
  const i32 = new Int32Array(buffer)
  const of = (i: number): number => seed[i % seed.length]!
  f32.fill(-Infinity, at.nearest / 4, at.nearest / 4 + padded)
  f32.fill(-Infinity, at.second / 4, at.second / 4 + padded)
  for (let slot = 0; slot < k; slot++) i32[at.medoids / 4 + slot] = slot
  for (let o = 0; o < m; o++) {
    f32[at.row / 4 + o] = of(o * 5 + 1)
    i32[at.ids / 4 + o] = o
    new Float64Array(buffer)[at.weights / 8 + o] = of(o * 3) / 3
    f32[at.nearest / 4 + o] = Infinity
    f32[at.second / 4 + o] = Infinity
    i32[at.assignment / 4 + o] = -1
    i32[at.runnerUp / 4 + o] = -1
    for (let slot = 0; slot < k; slot++) {
      f32[(at.rows + slot * stride) / 4 + o] = o === slot ? 0 : of(o * 7 + slot * 11)
    }
  }
  const two = [at.nearest, at.second, at.assignment, at.runnerUp] as const
  for (let slot = 0; slot < k; slot++) {
    kernel.nearestTwo(at.rows + slot * stride, slot, padded, ...two)
  }
  const [nearest, second, assignment, runnerUp] = two
  const gain = kernel.gain(at.row, padded, nearest, at.weights)
  const added = kernel.scan(
    ...([at.row, padded, nearest, second, assignment, at.weights, at.change] as const),
  )
  // The candidate takes the place of slot 1.
  i32[at.medoids / 4 + 1] = m - 1
  f32.copyWithin((at.rows + stride) / 4, at.row / 4, at.row / 4 + padded)
  kernel.applySwap(
    ...([at.rows, stride, k, 1, padded, nearest, second, assignment, runnerUp] as const),
    ...([at.medoids, at.ids] as const),
  )
  return { gain, added, bytes: new Uint8Array(buffer).slice() }
}

describe('the kernels', () => {
  for (const measure of [
    'manhattan',
    'euclidean',
    'halfSquare',
    'chebyshev',
    'ruzicka',
    'gower',
  ] as const) {
    it(`measure ${measure} bit for bit as the plain twin does`, () => {
      fc.assert(
        fc.property(shape, (given) => {
          expect(rowsBy('wasm', measure, given)).toEqual(rowsBy('plain', measure, given))
        }),
      )
    })
  }

  it('price, assign and swap bit for bit as the plain twin does, ties and all', () => {
    const seeds = fc.array(fc.nat(6), { minLength: 17, maxLength: 40 })
    const sizes = fc.tuple(fc.integer({ min: 3, max: 70 }), fc.integer({ min: 2, max: 6 }))
    fc.assert(
      fc.property(seeds, sizes, (seed, [m, k]) => {
        fc.pre(m > k)
        const wasm = boardBy('wasm', seed, m, k)
        const plain = boardBy('plain', seed, m, k)
        expect([wasm.gain, wasm.added]).toEqual([plain.gain, plain.added])
        expect(wasm.bytes).toEqual(plain.bytes)
      }),
    )
  })

  it('are the bytes that their source gives', async () => {
    expect(await kernelBytesModule()).toBe(
      await readFile('src/kmedoids/kernel/kernel-bytes.ts', 'utf8'),
    )
  })

  it('refuse more memory than they can address', () => {
    expect(() => kernelMemory(2 ** 32)).toThrow('4 GiB')
  })
})
