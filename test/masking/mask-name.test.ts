import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { maskName } from '../../src/masking/mask-name.ts'

describe('an operation name', () => {
  it.each([
    ['GET /product/8f3a91c04b7de215', 'GET /product/{id}'],
    ['GET /orders/20931', 'GET /orders/{id}'],
    ['/users/6f1f8c1e-5c0b-4f43-9f53-2f9d1c8f2b11/cart', '/users/{id}/cart'],
    ['GET /search?q=shoes&page=3', 'GET /search'],
    ['process order-20931', 'process order-{id}'],
    ['poll queue.AKIA3X9Q2L7B5Z1M4T8R', 'poll queue.{secret}'],
  ])('loses the parts that make every call its own: %s', (raw, masked) => {
    expect(maskName(raw)).toBe(masked)
  })

  it.each([
    'GET /api/v1/products',
    'hipstershop.CartService/GetCart',
    's3.PutObject',
    'HTTP/2 POST',
    'SELECT order_lines',
    '',
  ])('stays as it is where it has no such part: %s', (name) => {
    expect(maskName(name)).toBe(name)
  })

  it('is masked once and for all, and bounded', () => {
    fc.assert(
      fc.property(fc.string({ maxLength: 400 }), (name) => {
        const masked = maskName(name)
        expect(maskName(masked)).toBe(masked)
        expect(masked.length).toBeLessThanOrEqual(1000)
      }),
      { numRuns: 2000 },
    )
  })

  it('gives ids of one route one name', () => {
    fc.assert(
      fc.property(fc.uuid(), fc.nat({ max: 1e9 }), (uuid, number) => {
        expect(maskName(`GET /a/${uuid}/b/${number + 10}`)).toBe('GET /a/{id}/b/{id}')
      }),
    )
  })
})
