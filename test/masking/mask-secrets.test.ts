import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { maskName } from '../../src/masking/mask-name.ts'
import { maskSecrets } from '../../src/masking/mask-secrets.ts'
import { MASKING_CORPUS } from '../masking-corpus.ts'

describe('secrets and personal data', () => {
  it('are of 100 kinds and more', () => {
    expect(new Set(MASKING_CORPUS.map(({ kind }) => kind)).size).toBeGreaterThanOrEqual(100)
  })

  it.each(MASKING_CORPUS)('are gone from a name: $kind', ({ name, secrets }) => {
    const masked = maskName(name)
    for (const secret of secrets) {
      expect(name).toContain(secret)
      expect(masked).not.toContain(secret)
    }
    expect(maskName(masked)).toBe(masked)
    expect(maskSecrets(masked)).toBe(masked)
  })

  it.each([
    'hipstershop.ProductCatalogService/ListRecommendations',
    'GET /api/v1/products',
    'SELECT shop.orders',
    'POST /oauth/token',
    'TokenService/RefreshToken',
    'auth: verify',
    'Basic authentication',
    'org.springframework.boot.autoconfigure.ConfigurationPropertiesBindingPostProcessor',
    'kafka.consumer.fetchOffsetsForTimestamps',
    'frontend-proxy.default.svc.cluster.local',
    'password.Service/Change',
    'GET /users/{id}/profile',
    'OrderController.getTicketListByDateAndTripId',
    'getaddrinfo',
    'sns.amazonaws.com',
  ])('are not seen where there are none: %s', (name) => {
    expect(maskSecrets(name)).toBe(name)
  })

  it.each([
    ['mysql -p hush', 'mysql -p hush'],
    ['x -pass hush', 'x -pass {secret}'],
    ['Negotiate hush', 'Negotiate {secret}'],
    ['ApiKey hush', 'ApiKey {secret}'],
    ['Basic hush1234', 'Basic {secret}'],
    ['Digest hush1234', 'Digest {secret}'],
    ['Token hush1234', 'Token {secret}'],
    ['bcdfghjkl+mnpqrstvwxz', '{secret}'],
  ])('are found where little else tells of them: %s', (text, masked) => {
    expect(maskSecrets(text)).toBe(masked)
  })

  it('are found in every text that has a part of them, though most texts are not looked through', () => {
    const part = fc.constantFrom(
      ...['-----BEGIN KEY-----', 'eyJabcdefgh', '.x', 'sk_', 'live_', 'a1B2c3D4e5F6', 'glpat-'],
      ...[
        'ABCDEFGHIJ',
        'AKIA',
        'LTAI',
        'Bearer',
        'bearer',
        'ApiKey',
        'Basic',
        'Token',
        'Key',
        'abcd',
      ],
      ...[
        'Ab3defgh',
        ' ',
        '--',
        '-p',
        'pass',
        'pwd',
        'api-key',
        '=',
        ':',
        '://',
        '@',
        '%40',
        'a.b',
      ],
      ...[
        '"',
        "'",
        '/home/',
        '/Users/',
        '\\Users\\',
        'me',
        '/~',
        '/@',
        'bcdfghjklmnpqrstvwxz',
        '+',
        '/',
      ],
    )
    const text = fc.array(part, { maxLength: 6 }).map((parts) => parts.join(''))
    fc.assert(
      fc.property(text, (text) => {
        if (maskSecrets(text) !== text) return
        // A backslash has every text looked through, and is of no secret itself.
        expect(maskSecrets(`${text} \\`).startsWith(text)).toBe(true)
      }),
      { numRuns: 20_000 },
    )
  })

  it('leaves addresses and codes of attributes as they are', () => {
    for (const value of ['200', '192.168.10.25', '10.0.0.5:8080', 'postgresql', '2.0.11']) {
      expect(maskSecrets(value)).toBe(value)
    }
  })

  it('takes bounded time, whatever the text', () => {
    const hostile = fc.string({
      unit: fc.constantFrom('a', 'A', '=', '-', ' ', '"', '.', '@', '1', ':', '/'),
      maxLength: 1500,
    })
    fc.assert(
      fc.property(hostile, (text) => {
        const begun = performance.now()
        maskSecrets(text)
        expect(performance.now() - begun).toBeLessThan(500)
      }),
      { numRuns: 300 },
    )
  })
})
