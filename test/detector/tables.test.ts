import { describe, expect, it } from 'vitest'
import { Tables } from '../../src/detector/tables.ts'
import { detectorSettings } from '../detector-settings.ts'

describe('the name of an operation', () => {
  it('is masked and made printable also where it looks like the name of a template', () => {
    const { names, templates } = new Tables(detectorSettings().features)
    const id = names.intern('“mail alice@example.com \u001b[31m”')
    expect(names.text(id)).toBe('"mail {email} \ufffd[31m”')
    const other = names.intern('“(other lines)”')
    expect(other).not.toBe(templates.otherLines())
    expect(names.text(templates.otherLines())).toBe('“(other lines)”')
  })
})
