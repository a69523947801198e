import { describe, expect, it } from 'vitest'
import {
  quantity,
  type RawContribution,
  rankServices,
  shortP,
  summarise,
} from '../../src/detector/explanation.ts'
import { KIND_LOG } from '../../src/otlp/span-columns.ts'
import { HandTraces } from '../profile/traces.ts'

const LINE = '“no stock of <*>”'
const BELOW = '“<*> is gone”'
const traces = new HandTraces()
const table = traces.tables.elements
const paths = new Map<string, number>()
traces.read(
  [
    { service: 'shop', name: 'GET /', parent: -1, start: 0, duration: 90, kind: 2 },
    { service: 'shop', name: 'POST', parent: 0, start: 2, duration: 20, kind: 3 },
    { service: 'cart', name: 'Get', parent: 1, start: 3, duration: 10, kind: 2 },
    { service: 'cart', name: 'SELECT', parent: 2, start: 4, duration: 2 },
  ],
  () => {
    for (let i = 0; i < traces.elements.count; i++) {
      paths.set(table.operationText(traces.elements.element[i]!), traces.elements.path[i]!)
    }
    const line = table.element(
      table.value('shop'),
      traces.tables.names.internOwn(LINE),
      KIND_LOG,
      0,
    )
    paths.set(LINE, table.paths.intern(paths.get('GET /')!, line))
    const below = table.element(
      table.value('cart'),
      traces.tables.names.internOwn(BELOW),
      KIND_LOG,
      0,
    )
    paths.set(BELOW, table.paths.intern(paths.get('Get')!, below))
  },
)

function part(
  measure: string,
  name: string,
  contribution: number,
  [value, medoid]: readonly (number | string | null)[] = [1, null],
): RawContribution {
  const path = paths.get(name) ?? -1
  const element = path < 0 ? name : table.pathText(path)
  const term = { self_time: 'latency', errors: 'outcome', value: 'category' }[measure]
  return {
    term: (term ?? 'structure') as RawContribution['term'],
    ...{ element, measure, contribution, path },
    ...{ value: value ?? null, medoid: medoid ?? null },
  }
}

const said = (...parts: RawContribution[]): string => summarise('shop GET /', parts, 0.00042, table)

describe('the sentence about an anomaly', () => {
  it('names the largest difference and both values', () => {
    expect(said(part('self_time', 'Get', 2, [240, 12.34]), part('errors', 'Get', 0.5))).toBe(
      'shop GET /: cart Get self time 240 ms, normally 12.3 ms (p = 0.00042)',
    )
    expect(said(part('presence', 'Get', 2))).toContain('cart Get is new, normally not there')
    expect(said(part('presence', 'Get', 2, [null, 1]))).toContain('cart Get is missing, normally')
  })

  it('rather says that something fails than what its error is called', () => {
    const code = part('value', 'error.type', 2, ['500', null])
    expect(said(code, part('errors', 'Get', 1))).toContain(': cart Get fails, normally not (')
    expect(said(code, part('errors', 'Get', 0.9))).toContain(
      ': error.type value 500, normally none',
    )
    expect(said(part('errors', 'Get', 1, [3, 1]))).toContain('cart Get errors 3, normally 1')
  })

  it('says of lines of a log that they are new, missing, or come more often', () => {
    expect(said(part('presence', LINE, 2))).toContain(`: shop: new log line ${LINE} (p`)
    expect(said(part('presence', LINE, 2, [null, 1]))).toContain(`log line ${LINE} is missing`)
    expect(said(part('count', LINE, 2, [5, 1]))).toContain(
      `shop logs ${LINE} 5 times, normally once`,
    )
    expect(said(part('errors', LINE, 2))).toContain(`shop logs ${LINE} as an error, normally not`)
  })

  it('rather says that something fails than what is logged of it', () => {
    expect(said(part('presence', LINE, 9), part('errors', 'Get', 1))).toContain('cart Get fails')
    expect(said(part('presence', LINE, 9), part('errors', LINE, 1))).toContain('new log line')
  })

  it('says that nothing differs', () => {
    expect(said()).toBe('shop GET /: as the nearest normal trace (p = 0.00042)')
  })
})

describe('quantities', () => {
  it('have a unit, or say whether something is there', () => {
    expect(quantity('self_time', 1.234)).toBe('1.23 ms')
    expect(quantity('self_time', null)).toBe('none')
    expect(quantity('presence', null)).toBe('missing')
    expect(quantity('presence', 1)).toBe('there')
    expect(quantity('count', 2.005)).toBe('2.01')
    expect(shortP(0.00004)).toBe('4e-5')
  })
})

describe('whom an anomaly speaks against', () => {
  it('is the callee for the time of a call, the caller where one is missing', () => {
    expect(rankServices([part('self_time', 'POST', 1)], table)).toEqual(['cart'])
    expect(rankServices([part('presence', 'Get', 1, [null, 1])], table)).toEqual(['shop'])
  })

  it('is whoever logs a line, but where something fails: then lines follow from it', () => {
    const line = part('presence', LINE, 9)
    expect(rankServices([line, part('self_time', 'Get', 1)], table)).toEqual(['shop', 'cart'])
    expect(rankServices([line, part('errors', BELOW, 3), part('errors', 'Get', 1)], table)).toEqual(
      ['cart'],
    )
  })

  it('is the deepest one that fails and the topmost that is new', () => {
    const failing = ['GET /', 'POST', 'Get'].map((name) => part('errors', name, 1))
    expect(rankServices(failing, table)).toEqual(['cart'])
    expect(
      rankServices(
        ['POST', 'Get'].map((name) => part('presence', name, 1)),
        table,
      ),
    ).toEqual(['shop'])
  })
})
