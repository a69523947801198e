import { ERROR, type LogLine, line, WARN } from './shop-log-lines.ts'

/** A mistake in the code of one operation: another branch is taken, which only its log lines show. */
interface CodeFault {
  readonly service: string
  /** `service/operation` */
  readonly operation: string
  change(lines: readonly LogLine[]): readonly LogLine[]
}

export const CODE_FAULT_KINDS = [
  'fallback_line', // another way to the same result
  'extra_warning', // a warning that was not there
  'missing_line', // what was always logged at the end is not
  'logged_retries', // a loop that calls nobody
  'swallowed_exception', // an error that nobody is told of
  'wrong_case', // what was a rare case is every case
  'feature_flag', // the other path of a flag
  'logged_twice', // the same line a second time
] as const

export type CodeFaultKind = (typeof CODE_FAULT_KINDS)[number]

/** Whether a kind of fault is one that only log lines show. */
export function isCodeFault(kind: string): kind is CodeFaultKind {
  return (CODE_FAULT_KINDS as readonly string[]).includes(kind)
}

export const CODE_FAULTS: Readonly<Record<CodeFaultKind, CodeFault>> = {
  fallback_line: {
    ...at('pricing', 'Pricing/Quote'),
    change: (lines) => swapped(lines, 'quoted item', 'no list price for item {id}, using its cost'),
  },
  extra_warning: {
    ...at('inventory', 'Inventory/Reserve'),
    change: (lines) => [...lines, line('ok', WARN, 'stock of item {id} is below zero by {n}')],
  },
  missing_line: {
    ...at('orders', 'POST /orders'),
    change: (lines) => lines.filter(({ text }) => !text.includes('committed')),
  },
  logged_retries: {
    ...at('payment', 'POST /charge'),
    change: (lines) => repeated(lines, 'handshake', 5),
  },
  swallowed_exception: {
    ...at('cart', 'Cart/AddItem'),
    change: (lines) => [
      ...lines,
      line('ok', ERROR, 'could not merge cart {id}: IllegalStateException: version {n} is gone'),
    ],
  },
  wrong_case: {
    ...at('shipping', 'GET /quote'),
    change: (lines) =>
      lines.map((one) => ({ ...one, share: one.text.includes('domestic') ? 0 : 1 })),
  },
  feature_flag: {
    ...at('recommendation', 'Recommendation/List'),
    change: (lines) => swapped(lines, 'ranked', 'ranked {n} items by likeness to the basket'),
  },
  logged_twice: {
    ...at('auth', 'Auth/Login'),
    change: (lines) => repeated(lines, 'audit', 2),
  },
}

function at(service: string, name: string): Pick<CodeFault, 'service' | 'operation'> {
  return { service, operation: `${service}/${name}` }
}

function swapped(lines: readonly LogLine[], begins: string, text: string): LogLine[] {
  return lines.map((one) => (one.text.startsWith(begins) ? { ...one, text } : one))
}

function repeated(lines: readonly LogLine[], begins: string, times: number): LogLine[] {
  return lines.map((one) => (one.text.startsWith(begins) ? { ...one, times } : one))
}
