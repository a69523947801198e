import { expect, it } from 'vitest'
import { createLog, messageOf } from '../../../src/io/telemetry/log.ts'

const wall = (): number => 1_790_000_000_123

it('writes one line an event, from the wanted severity on', () => {
  let text = ''
  const log = createLog({ level: 'info', format: 'text', wall, write: (line) => (text += line) })
  log.debug('no')
  log.info('yes', { n: 1, offset: 5n, why: 'a "b"\nc', nothing: null })
  expect(text).toBe(
    '2026-09-21T14:13:20.123Z info  yes n=1 offset=5 why="a \\"b\\"\\nc" nothing=null\n',
  )
})

it('writes JSON that reads back', () => {
  let text = ''
  const log = createLog({ level: 'debug', format: 'json', wall, write: (line) => (text += line) })
  log.error('bad', { offset: 5n })
  expect(JSON.parse(text)).toEqual({
    time: '2026-09-21T14:13:20.123Z',
    level: 'error',
    message: 'bad',
    offset: '5',
  })
})

it('finds the message of whatever was thrown', () => {
  expect([messageOf(new Error('a')), messageOf('b'), messageOf(undefined)]).toEqual([
    'a',
    'b',
    'undefined',
  ])
})
