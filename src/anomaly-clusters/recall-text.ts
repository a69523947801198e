import type { Recalled } from '../contract/signature.ts'

/** What is added to the sentence about a cluster that is like others before: its name, which time it is. */
export function recallText(recalled: Recalled | null): string {
  if (recalled === null) return ''
  const { name, times, known, excess } = recalled
  const named = name === '' ? '' : ` (${name})`
  const time = `; ${ordinal(times)} time${named}`
  if (excess === null) return known ? `${time}, as before` : time
  if (!known) return ''
  const before = times === 2 ? 'the one before' : `the ${times - 1} before`
  return excess === 'elsewhere'
    ? `${time}, now also elsewhere`
    : `${time}, ${excess} than ${before}`
}

function ordinal(n: number): string {
  const teens = n % 100 > 10 && n % 100 < 14
  const ending = teens ? 'th' : (['th', 'st', 'nd', 'rd'][n % 10] ?? 'th')
  return `${n}${ending}`
}
