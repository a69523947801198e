import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { kmedoidsReference } from '../../scripts/kmedoids-docs/reference.ts'
import { CLUSTER_HELP } from '../../src/cli/cluster/options.ts'
import { cluster } from '../../src/cli/cluster.ts'
import { cluster as engine, gower, silhouette } from '../../src/kmedoids.ts'

const entry = new URL('../../src/kmedoids.ts', import.meta.url)
const text = (path: string): string => readFileSync(new URL(path, entry), 'utf8')
const guide = text('../docs/kmedoids.md')

describe('docs/kmedoids-api.md', () => {
  it('is what the comments in the code say', () => {
    const made = kmedoidsReference(text('./kmedoids.ts'), text)
    expect(text('../docs/kmedoids-api.md'), 'run npm run docs:kmedoids').toBe(made)
  })
})

describe('docs/kmedoids.md', () => {
  it('names only flags that exist', () => {
    expect(cluster.help).toBe(CLUSTER_HELP)
    const other = ['--pooled']
    for (const [flag] of guide.matchAll(/--[a-z][a-z-]*/g)) {
      if (!other.includes(flag)) expect(CLUSTER_HELP, flag).toContain(flag)
    }
  })

  it('shows a program that works', () => {
    const points = { n: 3, p: 2, values: Float32Array.of(1, 0, 2, 0, 90, 1) }
    const distance = gower([{ kind: 'numeric' }, { kind: 'nominal' }])
    const { medoids, assignment } = engine(points, { k: 2, distance, seed: 1 })
    expect([...medoids]).toContain(2)
    expect(silhouette(distance.of(points), assignment, 2).mean).toBeGreaterThan(0.5)
  })
})
