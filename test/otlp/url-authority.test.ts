import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { authorityOf, UrlAuthority } from '../../src/otlp/url-authority.ts'

function fromBytes(url: string): string {
  const before = 'of.the:body//'
  const bytes = new TextEncoder().encode(`${before}${url}/after`)
  const authority = new UrlAuthority()
  authority.find(bytes, before.length, bytes.length - '/after'.length)
  return new TextDecoder().decode(bytes.subarray(authority.start, authority.end))
}

describe('what is kept of a URL', () => {
  it.each([
    ['http://payment:3003/charge?card=4111', 'payment:3003'],
    ['https://user:secret@api.example.com/v1', 'api.example.com'],
    ['http://127.0.0.1:8080', '127.0.0.1:8080'],
    ['grpc://[::1]:50051#x', '[::1]:50051'],
    ['http://bank?next=http://other/', 'bank'],
    ['http://user@name:p@ss@bank/', 'bank'],
    ['http://', ''],
    ['/path/only', ''],
    ['bank:8080/path', ''],
    ['://bank', ''],
    ['', ''],
  ])('%s → %s', (url, kept) => {
    expect(authorityOf(url)).toBe(kept)
    expect(fromBytes(url)).toBe(kept)
  })

  it('is the same from bytes and from text', () => {
    const part = fc.constantFrom(
      'http',
      ':',
      '/',
      '//',
      '://',
      '@',
      '?',
      '#',
      'bank',
      ':80',
      'ü',
      '[',
    )
    const url = fc.array(part, { maxLength: 12 }).map((parts) => parts.join(''))
    fc.assert(
      fc.property(url, (text) => {
        expect(fromBytes(text)).toBe(authorityOf(text))
      }),
    )
  })
})
