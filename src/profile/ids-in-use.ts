import type { IdSets } from '../columns/marks.ts'
import type { ElementTable } from './element-table.ts'
import type { KeptTrace } from './kept-trace.ts'
import { OTHER_PAIR } from './pair-table.ts'
import type { Profile } from './profile.ts'

/** Takes note of the ids that a profile refers to. */
export function useProfile(used: IdSets, { paths, categories }: Profile): void {
  used.paths.addAll(paths)
  used.values.addAll(categories)
}

/** ... that a kept trace refers to. */
export function useTrace(used: IdSets, { element, categories }: KeptTrace): void {
  used.elements.addAll(element)
  used.values.addAll(categories)
}

/**
 * Things that may be forgotten since what they are made of may be, and they were not seen a short while
 * ago: for want of room among names all goes that has them.
 */
export function addMadeOf(idle: IdSets, table: ElementTable): void {
  const { operations, elements, paths, places, strata } = table
  const each = (of: 'operations' | 'elements' | 'paths' | 'places' | 'strata') => {
    const { ids } = table[of]
    return (isIdle: (id: number) => boolean): void => {
      for (let id = OTHER_PAIR + 1; id < ids.size; id++) {
        if (!ids.isFree(id) && !ids.isRecent(id) && isIdle(id)) idle[of].add(id)
      }
    }
  }
  each('operations')(
    (id) => idle.values.has(operations.serviceOf(id)) || idle.names.has(operations.nameOf(id)),
  )
  each('elements')(
    (id) => idle.operations.has(elements.operationOf(id)) || idle.values.has(elements.calleeOf(id)),
  )
  each('paths')(
    (id) => idle.elements.has(paths.elementOf(id)) || idle.paths.has(paths.parentOf(id)),
  )
  each('places')(
    (id) => idle.elements.has(places.callerOf(id)) || idle.elements.has(places.calleeOf(id)),
  )
  each('strata')((id) => idle.paths.has(strata.entryOf(id)))
}

/** Takes note of everything that the things in use are made of. */
export function addParts(used: IdSets, table: ElementTable): void {
  const { operations, elements, paths, places, strata } = table
  for (const stratum of used.strata) used.paths.add(inUse(strata.entryOf(stratum)))
  for (const path of used.paths) {
    // A path that was added is not looked at again: all those above it are added with it.
    for (let at = path; at > OTHER_PAIR; at = paths.parentOf(at)) {
      used.paths.add(at)
      used.elements.add(inUse(paths.elementOf(at)))
    }
  }
  for (const place of used.places) {
    used.elements.add(inUse(places.callerOf(place)))
    used.elements.add(inUse(places.calleeOf(place)))
  }
  for (const element of used.elements) {
    used.operations.add(inUse(elements.operationOf(element)))
    used.values.add(inUse(elements.calleeOf(element)))
  }
  for (const operation of used.operations) {
    used.values.add(inUse(operations.serviceOf(operation)))
    used.names.add(inUse(operations.nameOf(operation)))
  }
}

/** Of an id that is not in use, of which something is left somewhere, nothing is known. */
function inUse(id: number): number {
  return Number.isInteger(id) && id > 0 ? id : 0
}
