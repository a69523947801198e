import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { gzipSync } from 'node:zlib'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { Database } from '../../src/io/tables/database.ts'
import { ClusterWorld, csv, jsonLines, people } from './cluster-world.ts'

const world = new ClusterWorld()
afterAll(() => world.remove())

const rows = people(120)
let people3 = ''
beforeAll(() => {
  people3 = world.write('people.csv', csv(rows))
})

interface Medoid {
  readonly row: number
  readonly size: number
  readonly values: Record<string, string>
}

interface Result {
  readonly k: number
  readonly medoids: readonly Medoid[]
  readonly mean_distance: number
  readonly columns: readonly { name: string; kind: string; used: boolean; missing: number }[]
  readonly choice: readonly { k: number }[]
  readonly notes: readonly string[]
  readonly written: readonly string[]
}

async function clustered(args: string[], stdin = ''): Promise<Result> {
  const { code, out, err } = await world.cli(['cluster', ...args, '--json'], { stdin })
  expect(err).toBe('')
  expect(code).toBe(0)
  return JSON.parse(out) as Result
}

async function rowsOf(path: string): Promise<Record<string, unknown>[]> {
  const database = await Database.open({ memoryBytes: 1e8, spillFolder: world.folder, threads: 1 })
  try {
    return await database.rows(`FROM '${path}'`)
  } finally {
    database.close()
  }
}

describe('medoscope cluster', () => {
  it('prints the types it found and the medoids as the rows they are', async () => {
    const { code, out } = await world.cli(['cluster', people3, '--k', '3', '--ignore', 'kind'])
    expect(code).toBe(0)
    expect(out).toContain('120 rows, 6 columns')
    expect(out).toMatch(/name +left out +120 different values in 120 rows/)
    expect(out).toMatch(/kind +left out +as told by --ignore/)
    expect(out).toMatch(/age +number +[\d.]+ % explained; 12 missing/)
    expect(out).toMatch(/city +category/)
    expect(out).toMatch(/member +boolean/)
    expect(out).toMatch(/3 medoids by \w+ with gower: mean distance 0\.\d+/)
    const { medoids } = await clustered([people3, '--k', '3', '--ignore', 'kind'])
    for (const { row, values } of medoids) {
      const own = rows[row - 1]
      const told = Object.fromEntries(
        Object.entries(own ?? {}).map(([name, value]) => [
          name,
          value === '' ? null : String(value),
        ]),
      )
      expect(values).toEqual(told)
    }
  })

  it('finds the kinds of people without being told of them', async () => {
    const { medoids } = await clustered([
      people3,
      '--k',
      '3',
      '--ignore',
      'kind',
      '--ignore',
      'member',
    ])
    expect(medoids.map(({ values }) => values['kind']).sort()).toEqual([
      'retired',
      'student',
      'worker',
    ])
    expect(medoids.map(({ size }) => size)).toEqual([40, 40, 40])
  })

  it('writes each row with its cluster beside the input, and the model', async () => {
    const { written, medoids } = await clustered([people3, '--k', '3'])
    expect(written).toEqual([world.path('people.clusters.csv'), world.path('people.model.json')])
    const assigned = await rowsOf(written[0] ?? '')
    expect(assigned.map((row) => row['name'])).toEqual(rows.map((row) => row['name']))
    for (const [cluster, { row, size }] of medoids.entries()) {
      expect(assigned[row - 1]).toMatchObject({ cluster: String(cluster), distance: 0 })
      expect(assigned.filter((one) => one['cluster'] === String(cluster))).toHaveLength(size)
    }
  })

  it('reads the same table from every format, from a query, a glob and standard input', async () => {
    const expected = (await clustered([people3, '--k', '4'])).medoids.map(({ row }) => row)
    const text = csv(rows)
    const jsonl = world.write('people.jsonl', jsonLines(rows))
    const packed = world.path('packed.csv.gz')
    writeFileSync(packed, gzipSync(text))
    const parquet = world.path('people.parquet')
    const database = await Database.open({
      memoryBytes: 1e8,
      spillFolder: world.folder,
      threads: 1,
    })
    await database.run(`COPY (FROM '${people3}') TO '${parquet}'`)
    database.close()
    const [head = '', ...lines] = text.trimEnd().split('\n')
    world.write('part-1.csv', `${[head, ...lines.slice(0, 50)].join('\n')}\n`)
    world.write('part-2.csv', `${[head, ...lines.slice(50)].join('\n')}\n`)
    const semicolons = world.write('semicolons.csv', text.replaceAll(',', ';'))
    const sources: [string[], string?][] = [
      [[jsonl]],
      [[packed]],
      [[parquet]],
      [[semicolons]],
      [[world.path('part-*.csv')]],
      [[world.path('part-1.csv'), world.path('part-2.csv')]],
      [['--sql', `SELECT * FROM '${parquet}'`]],
      [['-'], text],
      [['-'], jsonLines(rows)],
    ]
    for (const [args, stdin] of sources) {
      const { medoids } = await clustered([...args, '--k', '4'], stdin)
      expect([args, medoids.map(({ row }) => row)]).toEqual([args, expected])
    }
  })

  it('gives the same bytes twice', async () => {
    const run = async (): Promise<string[]> => {
      const report = world.path('report.html')
      await clustered([people3, '--k', '5', '--seed', '7', '--report', report])
      return ['people.clusters.csv', 'people.model.json', 'report.html'].map((name) =>
        readFileSync(world.path(name), 'utf8'),
      )
    }
    expect(await run()).toEqual(await run())
  })

  it('takes weights: a heavy row becomes a medoid', async () => {
    const heavy = rows.map((row, i) => ({ ...row, w: i === 57 ? 100000 : 1 }))
    const path = world.write('heavy.csv', csv(heavy))
    const { medoids, columns } = await clustered([path, '--k', '3', '--weights', 'w'])
    expect(medoids.map(({ row }) => row)).toContain(58)
    expect(columns.find(({ name }) => name === 'w')?.used).toBe(false)
  })

  it('draws a report that needs nothing from outside', async () => {
    const report = world.path('drawn.html')
    await clustered([people3, '--k', '3', '--report', report])
    const page = readFileSync(report, 'utf8')
    for (const word of ['Size', 'Radius', 'Silhouette', 'Elbow', 'Map']) {
      expect(page).toContain(`<h2>${word}</h2>`)
    }
    expect(page.match(/<svg/g)).toHaveLength(5)
    expect(page).not.toMatch(/<script|src=|url\(|@import|https?:/)
  })

  it('keeps a snapshot of features and result from which it can be done again', async () => {
    const args = ['--k', '3', '--ignore', 'kind', '--ignore', 'name']
    const folder = world.path('snapshots')
    const first = await clustered([people3, ...args, '--snapshot', folder])
    const again = await clustered([people3, ...args, '--snapshot', folder])
    expect(again.written).toEqual(first.written)
    const [version = ''] = readdirSync(folder)
    expect(readdirSync(folder)).toEqual([version])
    const features = `${folder}/${version}/features.parquet`
    const redone = await clustered([features, ...args, '--out', world.path('redone.csv')])
    expect(redone.medoids.map(({ row }) => row)).toEqual(first.medoids.map(({ row }) => row))
    const result = await rowsOf(`${folder}/${version}/result.parquet`)
    expect(result).toHaveLength(rows.length)
    expect(result[0]).toMatchObject({ row: '1' })
  })

  it('takes a distance of the user, which gets the rows themselves', async () => {
    const module = world.write(
      'by-age.mjs',
      'export const distance = (a, b) => Math.abs((a.age ?? 40) - (b.age ?? 40))\n',
    )
    const { medoids } = await clustered([people3, '--k', '3', '--distance', module])
    const ages = medoids.map(({ values }) => Number(values['age'])).sort((a, b) => a - b)
    expect(ages[0]).toBeLessThan(30)
    expect(ages[2]).toBeGreaterThan(60)
  })

  it('takes a matrix of distances as it is', async () => {
    const at = [0, 1, 2, 50, 51, 52]
    const matrix = at.map((a) => Object.fromEntries(at.map((b) => [`r${b}`, Math.abs(a - b)])))
    const path = world.write('matrix.csv', csv(matrix))
    const { medoids, mean_distance } = await clustered([
      path,
      '--k',
      '2',
      '--distance',
      'precomputed',
    ])
    expect(medoids.map(({ row }) => row)).toEqual([2, 5])
    expect(mean_distance).toBeCloseTo(4 / 6)
  })

  it.each(['euclidean', 'manhattan', 'cosine', 'chebyshev', 'hamming', 'gower', 'jaccard'])(
    'measures by %s',
    async (distance) => {
      const numbers = rows.map(({ income, member }) => ({ income, member }))
      const path = world.write('numbers.csv', csv(numbers))
      const { medoids } = await clustered([path, '--k', '3', '--distance', distance])
      expect(medoids).toHaveLength(3)
    },
  )

  it('compares sets by jaccard', async () => {
    const baskets = [
      ...Array.from({ length: 10 }, (_, i) => ({ items: ['milk', 'bread', `x${i}`] })),
      ...Array.from({ length: 10 }, (_, i) => ({ items: ['nails', 'saw', `y${i}`] })),
    ]
    const path = world.write('baskets.jsonl', jsonLines(baskets))
    const { medoids } = await clustered([path, '--k', '2', '--distance', 'jaccard'])
    expect(medoids.map(({ size }) => size)).toEqual([10, 10])
  })

  it('never lets a masked value out, in no file and on no stream', async () => {
    const secret = rows.map((row, i) => ({
      ...row,
      account: `DE-${1000 + (i % 4)}`,
      salary: 77_000 + i,
    }))
    const path = world.write('secret.csv', csv(secret))
    const report = world.path('secret.html')
    const snapshot = world.path('secret-snapshot')
    for (const env of [{}, { MEDOSCOPE_MASK_KEY: 'k1' }] as Record<string, string>[]) {
      const masks = ['account', 'salary', 'name'].flatMap((name) => ['--mask', name])
      const args = [
        'cluster',
        path,
        '--k',
        '3',
        '--report',
        report,
        '--snapshot',
        snapshot,
        ...masks,
      ]
      const { code, out, err } = await world.cli(args, { env })
      expect(code).toBe(0)
      const files = [
        ...['secret.clusters.csv', 'secret.model.json', 'secret.html'].map((name) =>
          world.path(name),
        ),
        ...readdirSync(snapshot, { recursive: true, withFileTypes: true })
          .filter((one) => one.isFile())
          .map((one) => `${one.parentPath}/${one.name}`),
      ]
      const parquet = await Promise.all(
        files
          .filter((one) => one.endsWith('.parquet'))
          .map(async (one) => JSON.stringify(await rowsOf(one))),
      )
      const texts = [out, err, ...files.map((one) => readFileSync(one, 'latin1')), ...parquet]
      for (const text of texts) expect(text).not.toMatch(/DE-100|\b770\d\d\b|person-/)
      expect(out).toMatch(env['MEDOSCOPE_MASK_KEY'] ? /masked:[0-9a-f]/ : /\*\*\*/)
    }
  })

  it('ends without writing anything when it is interrupted', async () => {
    const path = world.write('many.csv', csv(people(3000)))
    const { code, err } = await world.cli(['cluster', path, '--k', '60', '--restarts', '1000'], {
      abortMs: 1500,
    })
    expect([code, err]).toEqual([130, 'interrupted: nothing is written\n'])
    expect(existsSync(world.path('many.model.json'))).toBe(false)
    expect(readdirSync(world.folder).filter((name) => name.endsWith('.part'))).toEqual([])
  })
})

describe('bad input', () => {
  const cases: [string, string, string[], RegExp][] = [
    ['no-rows.csv', 'a,b\n', [], /it has no rows/],
    ['empty.csv', '', [], /holds no column names/],
    ['ragged.csv', 'a,b\n1,2\n3\n4,5\n', [], /line 3.*Expected Number of Columns: 2 Found: 1/],
    [
      'few.csv',
      'a\n1\n2\n',
      ['--k', '3'],
      /--k 3: found 2 rows; allowed is at most one cluster a row/,
    ],
    ['inf.csv', 'a\n1\ninf\n', [], /row 2, column a: found "inf"; allowed is a finite number/],
    [
      'word.csv',
      `a\n${'1\n'.repeat(20)}abc\n`,
      [],
      /row 21, column a: found "abc"; allowed is a number or nothing, as in 20 of 21 rows/,
    ],
    ['same.csv', 'a,b\n1,2\n1,2\n', [], /no column is left to compare rows by \(a: all its values/],
    [
      'names.csv',
      'a,b\n1,2\n3,4\n',
      ['--ignore', 'c'],
      /--ignore c: there is no such column; there are a, b/,
    ],
    [
      'weight.csv',
      'a,w\n1,1\n2,-1\n',
      ['--weights', 'w'],
      /row 2, column w: found "-1"; allowed is a weight/,
    ],
    [
      'gap.csv',
      'a,b\n1,2\n3,3\n,4\n',
      ['--distance', 'euclidean'],
      /row 3, column a: found nothing; euclidean needs/,
    ],
    [
      'text.csv',
      'a,b\n1,x\n2,y\n',
      ['--distance', 'cosine'],
      /column b: found text; cosine takes numbers/,
    ],
    ['matrix.csv', 'a,b\n0,1\n', ['--distance', 'precomputed'], /found 1 rows and 2 columns/],
    [
      'self.csv',
      'a,b\n0,1\n1,3\n',
      ['--distance', 'precomputed'],
      /row 2, column b: found 3; allowed is 0/,
    ],
    [
      'type.csv',
      'a,b\n1,x\n2,y\n',
      ['--type', 'b=number'],
      /row 1, column b: found "x"; allowed is a number/,
    ],
    ['kept.jsonl', '{"a":1}\n{"a":\n', [], /kept\.jsonl.*line 3/],
  ]

  it.each(cases)(
    '%s: says where, what was found and what is allowed',
    async (name, text, args, message) => {
      const path = world.write(name, text)
      const before = readdirSync(world.folder)
      const { code, out, err } = await world.cli(['cluster', path, '--k', '1', ...args])
      expect(err).toMatch(message)
      expect([code, out]).toEqual([1, ''])
      expect(readdirSync(world.folder)).toEqual(before)
    },
  )

  it('does not take the first row of a file for the header of another', async () => {
    const named = world.write('named.csv', 'a,b\n1,x\n2,y\n')
    const bare = world.write('bare.csv', '3,4\n5,6\n')
    const { code, err } = await world.cli(['cluster', named, bare, '--k', '1'])
    expect(code).toBe(1)
    expect(err).toMatch(
      /bare\.csv: found the columns 2 without names, .* allowed are those of .*: a, b/,
    )
  })

  it('refuses rows that do not fit the memory, and says what would', async () => {
    const query = 'SELECT i AS a, (i * 7) % 1000 AS b FROM range(3000000) t(i)'
    const args = [
      'cluster',
      '--sql',
      query,
      '--k',
      '2',
      '--max-memory',
      '64MB',
      '--type',
      'a=number',
    ]
    const { code, err } = await world.cli(args)
    expect(err).toMatch(/found 3000000 rows of 2 columns, which take 72 MB; allowed are 64 MB/)
    expect(code).toBe(1)
  })

  it('does not show a masked value in a complaint', async () => {
    const path = world.write('hidden.csv', `a\n${'1\n'.repeat(20)}secret-word\n`)
    const { code, err } = await world.cli(['cluster', path, '--k', '1', '--mask', 'a'])
    expect(code).toBe(1)
    expect(err).toMatch(/row 21, column a: found a value that is not shown \(--mask\)/)
    expect(err).not.toContain('secret-word')
  })

  it.each([
    [['cluster']],
    [['cluster', 'a.csv']],
    [['cluster', 'a.csv', '--k', '0']],
    [['cluster', 'a.csv', '--k', '1..3']],
    [['cluster', 'a.csv', '--k', '5..3']],
    [['cluster', 'a.csv', '--k', 'x']],
    [['cluster', 'a.csv', '--k', '2', '--distance', 'levenshtein']],
    [['cluster', 'a.csv', '--k', '2', '--method', 'best']],
    [['cluster', 'a.csv', '--k', '2', '--init', 'none']],
    [['cluster', 'a.csv', '--k', '2', '--seed', '-1']],
    [['cluster', 'a.csv', '--k', '2', '--max-memory', '1MB']],
    [['cluster', 'a.csv', '--k', '2', '--max-seconds', '0']],
    [['cluster', 'a.csv', '--k', '2', '--out', 'a.xlsx']],
    [['cluster', 'a.csv', '--k', '2', '--model', '/nowhere/at/all.json']],
    [['cluster', 'a.csv', '--k', '2', '--local', '--report', 'r.html']],
    [['cluster', 'a.csv', '--k', '2', '--sql', 'SELECT 1']],
    [['cluster', 'a.csv', '--k', '2..4', '--checkpoint', 'c.json']],
    [['cluster', 'a.csv', '--k', '2', '--method', 'pam', '--checkpoint', 'c.json']],
    [['cluster', 'a.csv', '--k', '2', '--mlflow', 'sqlite:///runs.db']],
    [['cluster', 'a.csv', '--k', '2', '--frobnicate']],
    [['assign', 'm.json']],
    [['merge', '--k', '2']],
    [['merge', 'a.json']],
  ])('%j is wrong usage', async (args) => {
    const { code, out, err } = await world.cli(args)
    expect([code, out]).toEqual([2, ''])
    expect(err).toContain(`medoscope help ${args[0]} tells more`)
  })
})

describe('medoscope assign', () => {
  it('gives the rows of the clustering the medoids that the clustering gave them', async () => {
    await clustered([people3, '--k', '4'])
    const clusters = readFileSync(world.path('people.clusters.csv'), 'utf8')
    const model = world.path('people.model.json')
    const { code, out } = await world.cli(['assign', model, people3])
    expect(code).toBe(0)
    expect(out).toBe(clusters)
  })

  it('tells sizes and losses as JSON, and writes rows where told', async () => {
    const { medoids, mean_distance } = await clustered([people3, '--k', '4'])
    const out = world.path('assigned.parquet')
    const model = world.path('people.model.json')
    const answer = await world.cli(['assign', model, people3, '--json', '--out', out])
    const summary = JSON.parse(answer.out) as {
      mean_distance: number
      clusters: { size: number }[]
    }
    expect(summary.clusters.map(({ size }) => size)).toEqual(medoids.map(({ size }) => size))
    expect(summary.mean_distance).toBeCloseTo(mean_distance, 6)
    expect(await rowsOf(out)).toHaveLength(rows.length)
  })

  it('says which columns are missing, and what is no model', async () => {
    await clustered([people3, '--k', '4'])
    const other = world.write('other.csv', 'age,income\n1,2\n')
    const missing = await world.cli(['assign', world.path('people.model.json'), other])
    expect(missing).toMatchObject({ code: 1, out: '' })
    expect(missing.err).toMatch(/other\.csv: it has no column kind, city, member/)
    const broken = world.write('broken.json', '{"format":"medoscope.medoids","version":2}')
    expect((await world.cli(['assign', broken, people3])).err).toMatch(
      /not a model of medoscope: version/,
    )
  })

  it('compares masked values with the key they were masked with, and leaves them out without', async () => {
    const env = { MEDOSCOPE_MASK_KEY: 'k1' }
    const args = ['cluster', people3, '--k', '4', '--mask', 'city', '--mask', 'kind']
    await world.cli(args, { env })
    const model = world.path('people.model.json')
    const clusters = await rowsOf(world.path('people.clusters.csv'))
    const withKey = await world.cli(['assign', model, people3, '--json'], { env })
    const without = await world.cli(['assign', model, people3, '--json'])
    const sizes = ({ out }: { out: string }): number[] =>
      (JSON.parse(out) as { clusters: { size: number }[] }).clusters.map(({ size }) => size)
    const own = [0, 1, 2, 3].map(
      (cluster) => clusters.filter((row) => row['cluster'] === String(cluster)).length,
    )
    expect(sizes(withKey)).toEqual(own)
    expect(without.err).toMatch(/note: city is masked in the model and does not count/)
  })
})

describe('medoscope merge', () => {
  const many = people(400, 3)
  const parts = [0, 1, 2, 3].map((part) => many.filter((_, i) => i % 4 === part))
  const local = ['--ignore', 'name', '--ignore', 'kind']

  it('makes global medoids of local ones that come near to those of the pooled rows', async () => {
    const models = await Promise.all(
      parts.map(async (part, i) => {
        const path = world.write(`site-${i}.csv`, csv(part))
        await clustered([path, '--k', '12', ...local])
        return world.path(`site-${i}.model.json`)
      }),
    )
    const pooled = world.write('pooled.csv', csv(many))
    const { code, out } = await world.cli([
      'merge',
      ...models,
      '--k',
      '3',
      '--pooled',
      pooled,
      '--json',
    ])
    expect(code).toBe(0)
    const result = JSON.parse(out) as {
      merge_loss_ratio: number
      local_medoids: number
      medoids: { site: string; site_row: number; size: number; values: Record<string, unknown> }[]
    }
    expect(result.local_medoids).toBe(48)
    expect(result.merge_loss_ratio).toBeGreaterThanOrEqual(0.999)
    expect(result.merge_loss_ratio).toBeLessThan(1.1)
    expect(result.medoids.reduce((sum, { size }) => sum + size, 0)).toBe(400)
    for (const { site, site_row, values } of result.medoids) {
      const row = parts[models.indexOf(site)]?.[site_row - 1]
      expect(values).toMatchObject({ income: row?.['income'], city: row?.['city'] })
    }
  })

  it('takes the lines of local clusterings, and the global model assigns rows', async () => {
    const lines = await Promise.all(
      parts.map(async (part) => {
        const { code, out } = await world.cli(['cluster', '-', '--k', '12', '--local', ...local], {
          stdin: jsonLines(part),
        })
        expect(code).toBe(0)
        expect(out.trimEnd().split('\n')).toHaveLength(1)
        return out
      }),
    )
    const model = world.path('global.json')
    const merged = await world.cli(['merge', '-', '--k', '3', '--model', model], {
      stdin: lines.join(''),
    })
    expect(merged.code).toBe(0)
    expect(merged.out).toContain('3 global medoids of 48 local ones of 4 sites, 400 rows')
    const { out } = await world.cli(['assign', model, world.path('pooled.csv'), '--json'])
    expect(JSON.parse(out)).toMatchObject({ rows: 400 })
  })

  it('keeps back medoids that stand for fewer rows than the floor, and says so', async () => {
    const models = [0, 1].map((i) => world.path(`site-${i}.model.json`))
    const { out } = await world.cli([
      'merge',
      ...models,
      '--k',
      '2',
      '--privacy-floor',
      '8',
      '--json',
    ])
    const result = JSON.parse(out) as {
      local_medoids: number
      withheld: { medoids: number; rows: number }
      medoids: { size: number }[]
    }
    expect(result.local_medoids + result.withheld.medoids).toBe(24)
    expect(result.withheld.medoids).toBeGreaterThan(0)
    const told = result.medoids.reduce((sum, { size }) => sum + size, 0)
    expect(told + result.withheld.rows).toBe(200)
    const all = await world.cli(['merge', ...models, '--k', '2', '--privacy-floor', '1000'])
    expect(all).toMatchObject({ code: 1, out: '' })
    expect(all.err).toMatch(/no local medoid stands for 1000 rows or more/)
  })

  it('refuses sites that measure differently', async () => {
    const odd = world.write(
      'odd.csv',
      csv(parts[0]?.map(({ age, income }) => ({ age, income })) ?? []),
    )
    await clustered([odd, '--k', '3'])
    const models = [world.path('site-0.model.json'), world.path('odd.model.json')]
    const { code, err } = await world.cli(['merge', ...models, '--k', '2'])
    expect(code).toBe(1)
    expect(err).toMatch(/odd\.model\.json: found the columns age, income; allowed are those of/)
  })
})
