import { parseAst } from 'vitest/node'
import { type SyntaxNode, visitNodes } from './syntax-nodes.ts'

/**
 * A mutant may loop for ever. A clock would say so, but another thing on each machine, so each turn
 * of each loop takes one of a number of turns, and the loop ends with an error when they are used up.
 */
interface Turns {
  left: number
  readonly end: () => never
}

declare global {
  var turnsOfMutant: Turns | undefined
}

const PREFIX = 'const turnsOfMutant = globalThis.turnsOfMutant;'
const TURN = 'if (--turnsOfMutant.left < 0) turnsOfMutant.end();'

/** What has to be inserted into a source file without types, by ascending position. */
interface Insertion {
  readonly at: number
  readonly text: string
}

/** A source file whose loops take turns, and where its characters went. */
export interface LimitedSource {
  readonly text: string
  /** Where a position of the text before lies in this one. */
  readonly moved: (position: number) => number
}

/** Makes the loops of a source file without types take turns. Throws where it cannot be parsed. */
export function limitLoops(text: string): LimitedSource {
  const insertions: Insertion[] = [{ at: 0, text: PREFIX }]
  visitNodes(parseAst(text) as unknown as SyntaxNode, (node) => {
    if (!/^(?:For|ForOf|ForIn|While|DoWhile)Statement$/.test(node.type)) return
    const body = node['body'] as SyntaxNode
    if (body.type === 'BlockStatement') insertions.push({ at: body.start + 1, text: TURN })
    else insertions.push({ at: body.start, text: `{${TURN}` }, { at: body.end, text: ';}' })
  })
  const ordered = insertions.sort((a, b) => a.at - b.at)
  let result = ''
  let from = 0
  for (const { at, text: inserted } of ordered) {
    result += text.slice(from, at) + inserted
    from = at
  }
  return {
    text: result + text.slice(from),
    moved: (position) =>
      ordered.reduce(
        (sum, { at, text: inserted }) => sum + (at <= position ? inserted.length : 0),
        position,
      ),
  }
}

/** Gives the loops that run from now on a number of turns. */
export function giveTurns(turns: number): void {
  globalThis.turnsOfMutant ??= {
    left: 0,
    end: () => {
      throw new Error('a loop used up its turns')
    },
  }
  globalThis.turnsOfMutant.left = turns
}

/** Turns left; below zero when a loop was ended. */
export function turnsLeft(): number {
  return globalThis.turnsOfMutant?.left ?? 0
}
