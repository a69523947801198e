import type { QueryStep, ServiceSpec } from './topology.ts'

export type Attributes = Readonly<Record<string, string | number>>

/** How a call went: index of the attribute sets below. */
export const OK = 0
export const NOT_FOUND = 1
export const FAILED = 2
export type Outcome = typeof OK | typeof NOT_FOUND | typeof FAILED

/** One attribute set for each outcome. */
export type OutcomeAttributes = readonly [Attributes, Attributes, Attributes]

const HTTP_STATUS = [200, 404, 500] as const
const RPC_STATUS = ['OK', 'NOT_FOUND', 'UNAVAILABLE'] as const
const RPC_CODE = [0, 5, 14] as const

/** The two words of an HTTP operation's name. */
function methodAndRoute(operation: string): [string, string] {
  const [method = 'GET', route = '/'] = operation.split(' ')
  return [method, route]
}

function each(make: (outcome: Outcome) => Attributes): OutcomeAttributes {
  return [make(OK), make(NOT_FOUND), make(FAILED)]
}

/** What the callee's SDK writes on its SERVER span. */
export function serverAttributes(
  service: string,
  spec: ServiceSpec,
  operation: string,
): OutcomeAttributes {
  if (spec.protocol === 'grpc')
    return each((o) => rpc(spec.conventions, operation, service, o, true))
  const [method, route] = methodAndRoute(operation)
  return each((o) =>
    spec.conventions === 'old'
      ? {
          'http.method': method,
          'http.scheme': 'http',
          'http.target': route.replace('{id}', '0'),
          ...(spec.idsInNames ? {} : { 'http.route': route }),
          'net.host.name': service,
          'http.status_code': HTTP_STATUS[o],
        }
      : {
          'http.request.method': method,
          'http.route': route,
          'url.scheme': 'http',
          'url.path': route.replace('{id}', '0'),
          'server.address': service,
          'network.protocol.version': '1.1',
          'http.response.status_code': HTTP_STATUS[o],
          ...(o === FAILED ? { 'error.type': '500' } : {}),
        },
  )
}

/** What the caller's SDK writes on its CLIENT span; nothing that names the peer where `bare`. */
export function clientAttributes(
  caller: ServiceSpec,
  callee: string,
  calleeSpec: ServiceSpec,
  operation: string,
): OutcomeAttributes {
  if (calleeSpec.protocol === 'grpc') {
    return each((o) => rpc(caller.conventions, operation, callee, o, false))
  }
  const [method, route] = methodAndRoute(operation)
  const url = `http://${callee}:8080${route.replace('{id}', '0')}`
  const bare = caller.bareClient !== null
  return each((o) =>
    caller.conventions === 'old'
      ? {
          'http.method': method,
          ...(bare ? {} : { 'http.url': url, 'net.peer.name': callee, 'net.peer.port': 8080 }),
          'http.status_code': HTTP_STATUS[o],
        }
      : {
          'http.request.method': method,
          ...(bare ? {} : { 'url.full': url, 'server.address': callee, 'server.port': 8080 }),
          'http.response.status_code': HTTP_STATUS[o],
          ...(o === OK ? {} : { 'error.type': String(HTTP_STATUS[o]) }),
        },
  )
}

/** What the caller's SDK calls its CLIENT span. */
export function clientName(
  caller: ServiceSpec,
  calleeSpec: ServiceSpec,
  operation: string,
): string {
  if (calleeSpec.protocol === 'grpc') return `shop.${operation}`
  const [method] = methodAndRoute(operation)
  return caller.bareClient === 'HTTP method' || caller.conventions === 'old'
    ? `HTTP ${method}`
    : method
}

function rpc(
  conventions: 'new' | 'old',
  operation: string,
  address: string,
  outcome: Outcome,
  server: boolean,
): Attributes {
  const [service = '', method = ''] = operation.split('/')
  if (conventions === 'old') {
    return {
      'rpc.system': 'grpc',
      'rpc.service': `shop.${service}`,
      'rpc.method': method,
      'rpc.grpc.status_code': RPC_CODE[outcome],
      ...(server ? { 'net.host.name': address } : { 'net.peer.name': address }),
    }
  }
  return {
    'rpc.system.name': 'grpc',
    'rpc.method': `shop.${operation}`,
    'rpc.status_code': RPC_STATUS[outcome],
    'server.address': address,
    'server.port': 9090,
    ...(outcome === OK || (server && outcome === NOT_FOUND)
      ? {}
      : { 'error.type': RPC_STATUS[outcome] }),
  }
}

export function queryAttributes(
  caller: ServiceSpec,
  database: string,
  step: Pick<QueryStep, 'store' | 'operation' | 'collection'>,
): Attributes {
  const { store, operation, collection } = step
  const statement = store === 'redis' ? `${operation} ?` : `${operation} ${collection} WHERE id = ?`
  const table = store === 'redis' ? null : collection
  if (caller.conventions === 'old') {
    return {
      'db.system': store,
      'db.name': database,
      'db.operation': operation,
      ...(table ? { 'db.sql.table': table } : {}),
      'db.statement': statement,
      'net.peer.name': store,
    }
  }
  return {
    'db.system.name': store,
    'db.namespace': store === 'redis' ? '0' : database,
    'db.operation.name': operation,
    ...(table ? { 'db.collection.name': table } : {}),
    'db.query.text': statement,
    'server.address': store,
  }
}

export function messagingAttributes(topic: string, type: 'send' | 'process'): Attributes {
  return {
    'messaging.system.name': 'kafka',
    'messaging.operation.type': type,
    'messaging.operation.name': type,
    'messaging.destination.name': topic,
    ...(type === 'process' ? { 'messaging.consumer.group.name': 'mailers' } : {}),
  }
}
