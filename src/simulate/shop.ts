import { compileSteps, mandatoryStep, type Operation } from './compiled-steps.ts'
import { selfQuantile } from './latency.ts'
import { buildService, type Service } from './service.ts'
import { ENTRIES, OPERATIONS } from './shop-operations.ts'
import { SERVICES } from './shop-services.ts'
import { messagingAttributes, type OutcomeAttributes, serverAttributes } from './span-attributes.ts'
import type { OperationSpec } from './topology.ts'

export interface Entry {
  readonly name: string
  readonly operation: Operation
  readonly kind: 1 | 2
  readonly weight: number
}

export interface Shop {
  readonly services: readonly Service[]
  readonly operations: ReadonlyMap<string, Operation>
  readonly entries: readonly Entry[]
}

/**
 * The shop, ready to run: instances, attribute sets and resolved calls. `clones` shops stand side by
 * side under different service names (`cart`, `cart-b`, `cart-c`, …); a request stays within one.
 */
export function buildShop(seed: number, clones: number): Shop {
  const services: Service[] = []
  const operations = new Map<string, Operation>()
  const entries: Entry[] = []
  for (let clone = 0; clone < clones; clone++) {
    const suffix = clone === 0 ? '' : `-${cloneLetters(clone)}`
    addClone(seed, suffix, services, operations)
    for (const entry of ENTRIES) {
      const operation = find(operations, withSuffix(entry.operation, suffix))
      entries.push({ name: withSuffix(entry.operation, suffix), operation, ...pick(entry) })
    }
  }
  return { services, operations, entries }
}

function pick(entry: { kind: 1 | 2; weight: number }): { kind: 1 | 2; weight: number } {
  return { kind: entry.kind, weight: entry.weight }
}

/** b, c, …, z, ba, bb, … */
function cloneLetters(clone: number): string {
  const letter = String.fromCharCode(97 + (clone % 26))
  return clone < 26 ? letter : cloneLetters(Math.floor(clone / 26)) + letter
}

function withSuffix(path: string, suffix: string): string {
  const slash = path.indexOf('/')
  return `${path.slice(0, slash)}${suffix}${path.slice(slash)}`
}

function find(operations: ReadonlyMap<string, Operation>, path: string): Operation {
  const operation = operations.get(path)
  if (!operation) throw new Error(`The shop calls ${path}, which it does not have.`)
  return operation
}

function addClone(
  seed: number,
  suffix: string,
  services: Service[],
  operations: Map<string, Operation>,
): void {
  const made: [Operation, OperationSpec][] = []
  for (const [base, spec] of Object.entries(SERVICES)) {
    const service = buildService(seed, services.length, base + suffix, spec)
    services.push(service)
    for (const operationSpec of OPERATIONS[base] ?? []) {
      const operation = buildOperation(service, operationSpec)
      operations.set(`${service.name}/${operationSpec.name}`, operation)
      made.push([operation, operationSpec])
    }
  }
  for (const [operation, spec] of made) {
    operation.steps = compileSteps(spec.steps, operation.service, (path) =>
      find(operations, withSuffix(path, suffix)),
    )
    operation.target = mandatoryStep(operation.steps)
  }
}

function buildOperation(service: Service, spec: OperationSpec): Operation {
  return {
    service,
    name: spec.name,
    spanName: serverSpanName(service, spec),
    self: spec.self,
    selfP95: selfQuantile(0.95, spec.self, service.spec),
    notFound: spec.notFound,
    failing: spec.failing,
    attributes: operationAttributes(service, spec),
    steps: [],
    target: null,
  }
}

function serverSpanName(service: Service, { name, trigger }: OperationSpec): string {
  if (trigger === 'message') return `process ${name}`
  return trigger === 'request' && service.spec.protocol === 'grpc' ? `shop.${name}` : name
}

function operationAttributes(service: Service, spec: OperationSpec): OutcomeAttributes {
  if (spec.trigger === 'request') return serverAttributes(service.name, service.spec, spec.name)
  const attributes =
    spec.trigger === 'message'
      ? messagingAttributes(spec.name, 'process')
      : { 'job.name': spec.name, 'job.schedule': '*/5 * * * *' }
  return [attributes, attributes, attributes]
}

/** A second version of an operation, as a deployment introduces it. */
export function secondVersion(operation: Operation): Operation {
  const { service, name } = operation
  const renamed = service.spec.protocol === 'grpc' ? `${name}V2` : name.replace(' /', ' /v2/')
  const spanName = service.spec.protocol === 'grpc' ? `shop.${renamed}` : renamed
  const attributes = serverAttributes(service.name, service.spec, renamed)
  return { ...operation, name: renamed, spanName, attributes }
}
