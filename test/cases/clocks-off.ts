import { type CaseSpan, Chance, MINUTE, offBy } from './small-shop.ts'

/** Instances of each service, of which a fifth have clocks that are off. */
const INSTANCES = 10
const OFFSETS_MIN = [-60, -35, -10, 10, 35, 60]

/** The same traffic, each service from ten instances, two of which are off by up to an hour. */
export function clocksOff(spans: readonly CaseSpan[], seed: number): CaseSpan[] {
  const chance = new Chance(seed)
  const offsets = new Map<string, number>()
  return spans.map((span) => {
    const instance = `${span.service}-${Math.floor(chance.unit() * INSTANCES)}`
    let offset = offsets.get(instance)
    if (offset === undefined) {
      const known = [...offsets].filter(([name]) => name.startsWith(`${span.service}-`))
      const isOff = known.filter(([, ms]) => ms !== 0).length < INSTANCES / 5
      offset = isOff ? OFFSETS_MIN[Math.floor(chance.unit() * OFFSETS_MIN.length)]! * MINUTE : 0
      offsets.set(instance, offset)
    }
    return { ...offBy(span, offset), resource: { 'service.instance.id': instance } }
  })
}
