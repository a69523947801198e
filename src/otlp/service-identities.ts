import type { Marks } from '../columns/marks.ts'
import { NO_TEXT, type Vocabulary } from './vocabulary.ts'

/** Environments and namespaces that are told apart under one service name. */
const MOST_VARIANTS = 16

interface Variant {
  /** Vocabulary ids; 0 while no resource said it. */
  namespace: number
  environment: number
  /** Vocabulary id of the name that it goes by. */
  readonly service: number
}

/** Variants of each name, as plain data. */
export type ServiceIdentitiesState = readonly (readonly [
  name: number,
  variants: readonly Variant[],
])[]

/**
 * Which service a resource is of: its name, and where several namespaces or deployment environments report
 * under one name, the name with what sets it apart in brackets, `orders (staging)`. The first one seen goes
 * by the name alone. A resource that does not say where it is of is taken for the first that fits.
 */
export class ServiceIdentities {
  /** Resources that found no room and go by the name alone. */
  overflow = 0
  readonly #values: Vocabulary
  readonly #variants = new Map<number, Variant[]>()

  constructor(values: Vocabulary) {
    this.#values = values
  }

  /** Vocabulary id of the service; all arguments are such ids, 0 = not said. */
  resolve(name: number, namespace: number, environment: number): number {
    if (name === NO_TEXT || (namespace === NO_TEXT && environment === NO_TEXT)) return name
    const variants = this.#variants.get(name)
    if (!variants) {
      this.#variants.set(name, [{ namespace, environment, service: name }])
      return name
    }
    const known = variants.find(
      (one) => fits(one.namespace, namespace) && fits(one.environment, environment),
    )
    if (known) {
      known.namespace ||= namespace
      known.environment ||= environment
      return known.service
    }
    if (variants.length === MOST_VARIANTS) {
      this.overflow++
      return name
    }
    const [first] = variants
    const apart = [
      fits(first!.namespace, namespace) ? NO_TEXT : namespace,
      fits(first!.environment, environment) ? NO_TEXT : environment,
    ]
    const said = apart.filter((id) => id !== NO_TEXT).map((id) => this.#values.text(id))
    const service = this.#values.intern(`${this.#values.text(name)} (${said.join(', ')})`, true)
    variants.push({ namespace, environment, service })
    return service
  }

  /** Takes note of the texts of names that are in use, and forgets the others. */
  use(used: Marks, isIdle: (id: number) => boolean): void {
    for (const [name, variants] of this.#variants) {
      const isUsed = (id: number): boolean => used.has(id) || !isIdle(id)
      if (!isUsed(name) && !variants.some(({ service }) => isUsed(service))) {
        this.#variants.delete(name)
        continue
      }
      used.add(name)
      for (const { namespace, environment, service } of variants) {
        used.addAll([namespace, environment, service])
      }
    }
  }

  state(): ServiceIdentitiesState {
    return Array.from(this.#variants, ([name, variants]) => [
      name,
      variants.map((one) => ({ ...one })),
    ])
  }

  restore(state: ServiceIdentitiesState): void {
    for (const [name, variants] of state) {
      this.#variants.set(
        name,
        variants.map((one) => ({ ...one })),
      )
    }
  }
}

/** Whether two say the same, or one says nothing. */
function fits(known: number, said: number): boolean {
  return known === said || known === NO_TEXT || said === NO_TEXT
}
