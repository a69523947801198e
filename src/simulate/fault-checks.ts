import { CODE_FAULT_KINDS, CODE_FAULTS, isCodeFault } from './code-faults.ts'
import { allSteps, type CompiledStep, type Operation } from './compiled-steps.ts'
import { FAULT_KINDS, type Fault, type FaultKind, GRADES } from './faults.ts'
import type { Service } from './service.ts'
import type { Shop } from './shop.ts'

/**
 * A fault must be one that the shop can have: a run in which nothing happens would pass for one in
 * which nothing was found.
 * @throws Error that names what is wrong.
 */
export function checkFault(shop: Shop, fault: Fault): void {
  const { kind, service, strength, fromMs, toMs } = fault
  const known: readonly FaultKind[] = [...FAULT_KINDS, ...CODE_FAULT_KINDS]
  if (!known.includes(kind)) {
    throw new Error(`Unknown fault kind ${kind}; known are ${known.join(', ')}.`)
  }
  if (!(strength in GRADES[kind])) {
    throw new Error(`Unknown strength ${strength}; known are weak, medium, strong.`)
  }
  if (!(toMs > fromMs)) throw new Error(`Fault in ${service} ends at ${toMs}, before ${fromMs}.`)
  if (service === 'postgresql' || service === 'redis') {
    if (kind !== 'slow_database') throw new Error(`${service} can only be slow_database.`)
    return
  }
  const guilty = find(shop, service)
  if (fault.caller !== undefined) find(shop, fault.caller)
  if (fault.callee !== undefined) find(shop, fault.callee)
  if (fault.instance !== undefined && !guilty.instances[fault.instance]) {
    throw new Error(`${service} has no instance ${fault.instance}.`)
  }
  const own = [...shop.operations.values()].filter((operation) => operation.service === guilty)
  if (!own.some((operation) => canHave(operation, fault))) {
    const { callee } = fault
    const where = callee === undefined ? service : `${service} with ${callee}`
    throw new Error(`${kind} cannot be in ${where}: it does nothing of that sort.`)
  }
}

function find(shop: Shop, name: string): Service {
  const service = shop.services.find((candidate) => candidate.name === name)
  if (!service) throw new Error(`Fault with ${name}, which is no service of the shop.`)
  return service
}

function canHave(operation: Operation, { kind, callee }: Fault): boolean {
  const some = (test: (step: CompiledStep) => boolean): boolean =>
    allSteps(operation.steps).some(test)
  if (isCodeFault(kind))
    return CODE_FAULTS[kind].operation === `${operation.service.name}/${operation.name}`
  switch (kind) {
    case 'missing_call':
    case 'retry_storm':
      return callee === undefined
        ? operation.target !== null
        : some((step) => step.type === 'call' && step.callee.service.name === callee)
    case 'cache_gone':
      return some((step) => step.type === 'cache')
    case 'slow_database':
      return some((step) => step.type === 'query' && step.store === 'postgresql')
    default:
      return true
  }
}
