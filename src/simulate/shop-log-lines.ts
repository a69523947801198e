/** A line that an operation logs. `{id}` and `{n}` stand for what differs each time. */
export interface LogLine {
  /** When: as the request comes, or as it is answered, well or not. */
  readonly on: 'begin' | 'ok' | 'failed'
  /** As OTLP numbers it. */
  readonly severity: number
  readonly text: string
  /** Share of the requests in which it is logged. */
  readonly share: number
  /** How often in a row. */
  readonly times: number
}

const DEBUG = 5
const INFO = 9
export const WARN = 13
export const ERROR = 17

export function line(
  on: LogLine['on'],
  severity: number,
  text: string,
  share = 1,
  times = 1,
): LogLine {
  return { on, severity, text, share, times }
}

/** What the services of the shop log, by `service/operation`; the others are silent. */
export const LOG_LINES: Readonly<Record<string, readonly LogLine[]>> = {
  'checkout/POST /checkout': [
    line('begin', INFO, 'checkout of cart {id} begins with {n} items'),
    line('begin', DEBUG, 'session {id} has a stored address', 0.6),
    line('ok', INFO, 'order for cart {id} placed'),
    line('failed', ERROR, 'order for cart {id} could not be placed'),
  ],
  'payment/POST /charge': [
    line('begin', INFO, 'handshake with processor, attempt {n}'),
    line('ok', INFO, 'card authorised for {n} cents'),
    line('failed', ERROR, 'card declined by processor, code {n}'),
  ],
  'orders/POST /orders': [
    line('begin', INFO, 'order {id} received'),
    line('ok', INFO, 'order {id} committed after {n} ms'),
  ],
  'pricing/Pricing/Quote': [
    line('begin', DEBUG, 'price list {n} in use', 0.3),
    line('ok', INFO, 'quoted item {id} from list price'),
  ],
  'inventory/Inventory/Reserve': [line('ok', INFO, 'reserved {n} of item {id}')],
  'inventory/restock sweep': [
    line('begin', INFO, 'sweep {id} begins'),
    line('ok', INFO, 'sweep {id} looked at {n} items'),
    line('ok', WARN, 'item {id} is nearly out of stock', 0.5, 2),
  ],
  'cart/Cart/AddItem': [
    line('ok', INFO, 'item {id} added to cart'),
    line('ok', DEBUG, 'cart {id} merged with the one of an earlier visit', 0.2),
  ],
  'shipping/GET /quote': [
    line('ok', INFO, 'parcel of {n} g goes by domestic carrier', 0.85),
    line('ok', INFO, 'customs declared for a parcel of {n} g', 0.15),
  ],
  'recommendation/Recommendation/List': [line('ok', INFO, 'ranked {n} items by popularity')],
  'auth/Auth/Login': [
    line('begin', INFO, 'audit: login of user {id}'),
    line('ok', INFO, 'session {id} opened for {n} minutes'),
  ],
  'search/GET /search': [
    line('ok', INFO, 'query {id} has {n} hits'),
    line('ok', WARN, 'query {id} is slow to rank', 0.04),
  ],
  'email/order-placed': [line('ok', INFO, 'mail {id} handed to relay in {n} ms')],
}
