import { SeededRandom } from '../../src/stats/random.ts'

type Draw = (random: SeededRandom) => string

const pick =
  (...words: string[]): Draw =>
  (random) =>
    words[Math.floor(random.next() * words.length)] ?? ''
const number: Draw = (random) => String(Math.floor(random.next() ** 3 * 1e6))
const hex: Draw = (random) => random.uint32().toString(16).padStart(8, '0')
const address: Draw = (random) =>
  `10.${random.uint32() % 256}.${random.uint32() % 256}.7:${number(random)}`
const issuer = pick('visa', 'amex', 'mastercard', 'discover', 'jcb', 'unionpay')
const user = pick('alice', 'bob', 'carol', 'dave', 'erin', 'frank', 'grace')
const file: Draw = (random) => `/srv/${user(random)}/${hex(random)}.dat`

const KINDS: readonly (readonly [string, ...Draw[]])[] = [
  ['card declined by {} for order {}', issuer, number],
  ['connection from {} closed after {} ms', address, number],
  ['request {} by {} took {} ms: status {}', hex, user, number, number],
  ['cannot open {}: permission denied', file],
  ['cannot open {}: no such file or directory', file],
  ['session {} of user {} has expired', hex, user],
  ['cache miss', number],
  ['retry {} of {} in {} s', number, number, number],
  ['worker {} started with {} threads on {}', number, number, address],
  ['worker {} stopped', number],
  ['user {} logged in from {} with {}', user, address, pick('password', 'key', 'token')],
  [
    'level of stock of article {} is {} at {}',
    number,
    number,
    pick('north', 'south', 'east', 'west'),
  ],
  ['{} items in the cart of {}', number, user],
  ['garbage collection took {} ms, {} MB of {} MB are free', number, number, number],
  [
    'unexpected {} while reading header of message {} from queue {}',
    pick('end', 'byte', 'reset'),
    hex,
    pick('orders', 'mails', 'stock'),
  ],
]

/** Lines as a shop would log them, of fifteen kinds. */
export function logLines(n: number, seed: number): string[] {
  const random = new SeededRandom(seed)
  return Array.from({ length: n }, () => {
    const [text, ...draws] = KINDS[Math.floor(random.next() ** 2 * KINDS.length)] ?? ['']
    let at = 0
    return text.replaceAll('{}', () => draws[at++]?.(random) ?? '')
  })
}
