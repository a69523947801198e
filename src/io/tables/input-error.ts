/** The data cannot be used as it is; the message says where, what was found and what is allowed. */
export class InputError extends Error {
  constructor(message: string) {
    super(message)
    this.name = 'InputError'
  }
}

/** Where and what, in the order a person looks for it. */
export interface InputFault {
  /** Such as `customers.csv, row 57, column income`. */
  readonly at: string
  /** What stands there, or null where it must not be shown. */
  readonly found: string | null
  readonly allowed: string
}

/** Longer findings are cut: a whole damaged file must not land on the terminal. */
const MAX_FOUND = 60

/** One fault as one line. */
export function inputFault({ at, found, allowed }: InputFault): InputError {
  const shown =
    found === null
      ? 'a value that is not shown (--mask)'
      : JSON.stringify(found.length > MAX_FOUND ? `${found.slice(0, MAX_FOUND)}…` : found)
  return new InputError(`${at}: found ${shown}; allowed is ${allowed}`)
}
