/**
 * Which attributes of a span are kept, and under which slot. Everything else is skipped while
 * decoding: bodies, queries and headers never enter memory. Old and new semantic-convention names
 * share a slot; where a span carries both, the earlier name in the list wins.
 * Source: OpenTelemetry semantic conventions 1.45.0.
 */
export const SEMANTIC_SLOTS = {
  httpMethod: ['http.request.method', 'http.method'],
  httpStatus: ['http.response.status_code', 'http.status_code'],
  httpRoute: ['http.route'],
  rpcSystem: ['rpc.system.name', 'rpc.system'],
  rpcService: ['rpc.service'],
  rpcMethod: ['rpc.method'],
  rpcStatus: ['rpc.status_code', 'rpc.response.status_code', 'rpc.grpc.status_code'],
  dbSystem: ['db.system.name', 'db.system'],
  dbNamespace: ['db.namespace', 'db.name'],
  dbCollection: ['db.collection.name', 'db.sql.table'],
  dbOperation: ['db.operation.name', 'db.operation'],
  messagingSystem: ['messaging.system.name', 'messaging.system'],
  messagingDestination: [
    'messaging.destination.template',
    'messaging.destination.name',
    'messaging.destination',
  ],
  peerService: ['service.peer.name', 'peer.service'],
  serverAddress: ['server.address', 'net.peer.name'],
  serverPort: ['server.port', 'net.peer.port'],
  /** Of a URL only its host and port are kept: see url-authority.ts. */
  serverUrl: ['url.full', 'http.url'],
  errorType: ['error.type'],
} as const satisfies Record<string, readonly string[]>

export interface SlotTable {
  /** Slot index by slot name: the semantic ones first, then the configured categories. */
  readonly index: ReadonlyMap<string, number>
  /** Number of slots = stride of `SpanColumns.attributes`. */
  readonly stride: number
  /** For each attribute key that is kept: its slot and its priority there (0 wins over 1). */
  readonly keys: ReadonlyMap<string, { slot: number; priority: number }>
}

/**
 * The slots for a configuration. A category is an attribute key as the user writes it; where it is
 * one of the names above it shares that slot (and so also its older or newer twin).
 */
export function slotTable(categories: readonly string[]): SlotTable {
  const index = new Map<string, number>()
  const keys = new Map<string, { slot: number; priority: number }>()
  for (const [name, attributeKeys] of Object.entries(SEMANTIC_SLOTS)) {
    const slot = index.size
    index.set(name, slot)
    attributeKeys.forEach((key, priority) => {
      keys.set(key, { slot, priority })
    })
  }
  let stride = index.size
  for (const category of categories) {
    const known = keys.get(category)
    const slot = known ? known.slot : stride++
    index.set(category, slot)
    if (!known) keys.set(category, { slot, priority: 0 })
  }
  return { index, stride, keys }
}
