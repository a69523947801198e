import { derive, mix, normalQuantile, seedOf, unit } from './random.ts'
import type { Attributes } from './span-attributes.ts'
import type { ServiceSpec } from './topology.ts'

export interface Instance {
  readonly index: number
  /** Resource attributes: one object per instance, so that spans can be grouped by identity. */
  readonly resource: Attributes
  /** What the self times of this instance are multiplied by. */
  readonly factor: number
  /** How far its clock is ahead, ns. */
  readonly skewNs: number
  /** It exports what has ended every so many ns, and first at this time. */
  readonly exportNs: number
  readonly exportPhaseNs: number
}

export interface Service {
  readonly index: number
  readonly name: string
  readonly spec: ServiceSpec
  readonly seed: number
  readonly instances: readonly Instance[]
  /** The instances that a deployment puts in their place. */
  readonly successors: readonly Instance[]
}

/** A service with its instances; `index` is its place in the shop. */
export function buildService(
  seed: number,
  index: number,
  name: string,
  spec: ServiceSpec,
): Service {
  const own = mix(seedOf(name) ^ mix(seed))
  const instances: Instance[] = []
  const successors: Instance[] = []
  for (let i = 0; i < spec.instances; i++) {
    instances.push(buildInstance(name, spec, derive(own, i), i, '1.4.2'))
    successors.push(buildInstance(name, spec, derive(own, 100 + i), i, '1.5.0'))
  }
  return { index, name, spec, seed: own, instances, successors }
}

/** Every sixth instance or so has a clock that is up to 2 ms off; every one its own speed and export. */
function buildInstance(
  service: string,
  spec: ServiceSpec,
  seed: number,
  index: number,
  version: string,
): Instance {
  const text = (purpose: number): string => derive(seed, purpose).toString(36).padStart(7, '0')
  const exportNs = Math.round((0.2 + 0.8 * unit(seed, 8)) * 1e9)
  const skewed = unit(seed, 1) < 0.17 && service !== 'gateway'
  return {
    index,
    factor: Math.exp(0.06 * normalQuantile(unit(seed, 3))),
    skewNs: skewed ? Math.round((unit(seed, 2) - 0.5) * 4e6) : 0,
    exportNs,
    exportPhaseNs: Math.floor(unit(seed, 9) * exportNs),
    resource: {
      'service.name': service,
      'service.namespace': 'shop',
      'service.version': version,
      'service.instance.id': `${service}-${text(4)}${text(5).slice(0, 3)}`,
      'k8s.pod.name': `${service}-${text(6).slice(0, 6)}-${text(7).slice(0, 5)}`,
      'deployment.environment.name': 'demo',
      'telemetry.sdk.language': spec.language,
      'telemetry.sdk.name': 'opentelemetry',
    },
  }
}
