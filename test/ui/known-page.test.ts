import { describe, expect, it } from 'vitest'
import { knownPage } from '../../src/ui/known-page.ts'
import { exampleSignature } from './example-cluster.ts'

const ACCEPTANCE = { cluster: 'c/1', by: 'ada', reason: 'release 2.4', atMs: 0, untilMs: 864e5 }

describe('the page of what is known', () => {
  it('lists what keeps coming back, by its name or its first place, and leads to the latest', () => {
    const named = exampleSignature({ clusters: ['c-1', 'c/2'], places: ['orders: slower'] })
    const nameless = exampleSignature({
      ...{ name: '', note: '', places: ['cart: fails'], times: 1, rhythm: null, known: false },
    })
    const page = knownPage([named, nameless], [])
    expect(page).toContain('<a href="/clusters/c%2F2">the backup</a>')
    expect(page).toContain('4 times, daily')
    expect(page).toContain('once it outgrows those before')
    expect(page).toMatch(/<th scope="row">cart: fails<\/th><td>once<\/td>/)
    expect(page).toContain('each time')
  })

  it('lists what was accepted, by whom, why and until when', () => {
    const page = knownPage([], [ACCEPTANCE])
    expect(page).toMatch(
      /<a href="\/clusters\/c%2F1">c\/1<\/a><\/th><td>release 2.4<\/td><td>ada<\/td>.*1970-01-02/,
    )
    expect(knownPage([], [])).toContain('Nothing that still holds.')
  })

  it('lets no text become markup', () => {
    const evil = `"><script>alert(1)</script>`
    const words = { name: evil, note: evil, runbook: evil, places: [evil], clusters: [evil] }
    const page = knownPage(
      [exampleSignature(words), exampleSignature({ ...words, name: '' })],
      [{ ...ACCEPTANCE, cluster: evil, by: evil, reason: evil }],
    )
    expect(page).not.toContain('<script')
  })
})
