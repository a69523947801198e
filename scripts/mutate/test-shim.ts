/**
 * What test files get here when they import `vitest`: its own `expect` and `vi`, and just enough of
 * `describe` and `it` to run chosen tests of a file in this process, again and again, without the
 * second and more that a start of vitest takes.
 */
import * as vitest from 'vitest'

export const expect: typeof vitest.expect = vitest.expect
export const vi: typeof vitest.vi = vitest.vi

type Body = (...args: unknown[]) => unknown
type HookName = 'beforeAll' | 'beforeEach' | 'afterEach' | 'afterAll'

export interface Suite {
  readonly hooks: Readonly<Record<HookName, Body[]>>
  readonly children: (Suite | Test)[]
}

interface Test {
  readonly name: string
  readonly run: Body
  /** Its place among the tests of its file. */
  readonly index: number
}

let current = newSuite()
let tests = 0
let names: string[] = []

/** Begins a file: what it declares while it is imported goes into the suite that is returned. */
export function beginFile(): Suite {
  current = newSuite()
  tests = 0
  names = []
  return current
}

function newSuite(): Suite {
  return { hooks: { beforeAll: [], beforeEach: [], afterEach: [], afterAll: [] }, children: [] }
}

function declareSuite(name: string, body: Body, args: readonly unknown[]): void {
  const outer = current
  current = newSuite()
  outer.children.push(current)
  names.push(name)
  try {
    body(...args)
  } finally {
    names.pop()
    current = outer
  }
}

function declareTest(name: string, body: Body, args: readonly unknown[]): void {
  const index = tests++
  current.children.push({ name: [...names, name].join(' '), run: () => body(...args), index })
}

type Declare = (name: string, body: Body, args: readonly unknown[]) => void
/** `(name, body, timeout)` or `(name, options, body)`. */
type Declaration = (name: string, second: unknown, third?: unknown) => void

interface Declarer extends Declaration {
  skip: Declaration
  skipIf: (skipped: unknown) => Declaration
  runIf: (run: unknown) => Declaration
  each: (table: readonly unknown[]) => Declaration
}

function declarer(declare: Declare): Declarer {
  const plain: Declaration = (name, second, third) => declare(name, bodyOf(second, third), [])
  const none: Declaration = () => undefined
  return Object.assign((...args: Parameters<Declaration>) => plain(...args), {
    skip: none,
    skipIf: (skipped: unknown) => (skipped ? none : plain),
    runIf: (run: unknown) => (run ? plain : none),
    each:
      (table: readonly unknown[]): Declaration =>
      (name, second, third) => {
        for (const row of table) {
          declare(name, bodyOf(second, third), Array.isArray(row) ? row : [row])
        }
      },
  })
}

function bodyOf(second: unknown, third: unknown): Body {
  return (typeof second === 'function' ? second : third) as Body
}

export const describe: Declarer = declarer(declareSuite)
export const suite: Declarer = describe
export const it: Declarer = declarer(declareTest)
export const test: Declarer = it

export function beforeAll(body: Body): void {
  current.hooks.beforeAll.push(body)
}
export function beforeEach(body: Body): void {
  current.hooks.beforeEach.push(body)
}
export function afterEach(body: Body): void {
  current.hooks.afterEach.push(body)
}
export function afterAll(body: Body): void {
  current.hooks.afterAll.push(body)
}

/** What hears of the tests of a file. */
export interface TestListener {
  /** Hooks around many tests have run, or the file's own statements. */
  readonly onShared?: () => void
  /** Returns whether to go on. */
  readonly onTest: (index: number, name: string, error: Error | null) => boolean
}

/** Runs the chosen tests of a file in its order, until the listener has heard enough. A hook may throw. */
export async function runSuite(
  of: Suite,
  chosen: (index: number) => boolean,
  listener: TestListener,
  around: readonly Suite[] = [],
): Promise<boolean> {
  if (!holdsChosen(of, chosen)) return true
  const chain = [...around, of]
  await callAll(of.hooks.beforeAll)
  if (of.hooks.beforeAll.length > 0) listener.onShared?.()
  let goOn = true
  for (const child of of.children) {
    if (!goOn) break
    if ('children' in child) goOn = await runSuite(child, chosen, listener, chain)
    else if (chosen(child.index)) {
      goOn = listener.onTest(child.index, child.name, await errorOf(child, chain))
    }
  }
  await callAll(of.hooks.afterAll)
  return goOn
}

async function errorOf(each: Test, chain: readonly Suite[]): Promise<Error | null> {
  let failure: Error | null = null
  try {
    for (const { hooks } of chain) await callAll(hooks.beforeEach)
    await each.run()
  } catch (error) {
    failure = error instanceof Error ? error : new Error(String(error))
  }
  try {
    for (const { hooks } of [...chain].reverse()) await callAll(hooks.afterEach)
  } catch (error) {
    failure ??= error instanceof Error ? error : new Error(String(error))
  }
  vi.restoreAllMocks()
  return failure
}

function holdsChosen(of: Suite, chosen: (index: number) => boolean): boolean {
  return of.children.some((child) =>
    'children' in child ? holdsChosen(child, chosen) : chosen(child.index),
  )
}

async function callAll(bodies: readonly Body[]): Promise<void> {
  for (const body of bodies) await body()
}
