import { parseAst } from 'vitest/node'
import { type SyntaxNode, visitNodes } from './syntax-nodes.ts'

/**
 * A mutant may loop for ever. A clock would say so, but another thing on each machine, so each turn
 * of each loop, and each call of a function with a body, takes one of a number of turns; when they are
 * used up, it ends with an error. Turns are also the measure of what a test costs.
 */
interface Turns {
  left: number
  readonly end: () => never
}

declare global {
  var turnsOfMutant: Turns | undefined
}

const PREFIX = 'const turnsOfMutant = globalThis.turnsOfMutant;'
/** An arrow without a block takes none. */
const TAKES_TURNS =
  /^(?:(?:For|ForOf|ForIn|While|DoWhile)Statement|Function(?:Declaration|Expression)|ArrowFunctionExpression)$/
const TURN = 'if (--turnsOfMutant.left < 0) turnsOfMutant.end();'

/** What has to be inserted into a source file without types, by ascending position. */
interface Insertion {
  readonly at: number
  readonly text: string
}

/** A source file that takes turns, and where its characters went. */
export interface LimitedSource {
  readonly text: string
  /** Where a position of the text before lies in this one. */
  readonly moved: (position: number) => number
}

/** Makes the loops and functions of a source file without types take turns. Throws where it cannot be parsed. */
export function limitLoops(text: string): LimitedSource {
  const insertions: Insertion[] = [{ at: 0, text: PREFIX }]
  visitNodes(parseAst(text) as unknown as SyntaxNode, (node) => {
    if (!TAKES_TURNS.test(node.type)) return
    const body = node['body'] as SyntaxNode
    if (body.type === 'BlockStatement') insertions.push({ at: body.start + 1, text: TURN })
    else if (node.type.endsWith('Statement'))
      insertions.push({ at: body.start, text: `{${TURN}` }, { at: body.end, text: ';}' })
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

/** Gives what runs from now on a number of turns. */
export function giveTurns(turns: number): void {
  globalThis.turnsOfMutant ??= {
    left: 0,
    end: () => {
      throw new Error('the turns are used up')
    },
  }
  globalThis.turnsOfMutant.left = turns
}

/** Turns left; below zero when something was ended. */
export function turnsLeft(): number {
  return globalThis.turnsOfMutant?.left ?? 0
}
