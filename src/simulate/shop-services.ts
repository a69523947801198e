import type { ServiceSpec } from './topology.ts'

const PLAIN: ServiceSpec = {
  protocol: 'grpc',
  language: 'go',
  instances: 2,
  conventions: 'new',
  bareClient: null,
  idsInNames: false,
  burst: null,
  throttled: 0,
}

/** The services of the simulated shop. redis, postgresql and kafka only show as client spans. */
export const SERVICES: Readonly<Record<string, ServiceSpec>> = {
  gateway: { ...PLAIN, protocol: 'http', instances: 3 },
  frontend: { ...PLAIN, protocol: 'http', language: 'nodejs', instances: 3 },
  catalogue: {
    ...PLAIN,
    protocol: 'http',
    language: 'java',
    conventions: 'old',
    idsInNames: true,
    burst: { share: 0.1, rho: 0.15, slotMs: 60_000, factor: 3 },
  },
  search: { ...PLAIN, protocol: 'http', language: 'java', bareClient: 'method' },
  pricing: { ...PLAIN },
  currency: { ...PLAIN, language: 'cpp', conventions: 'old' },
  recommendation: { ...PLAIN, language: 'python', throttled: 0.015 },
  reviews: {
    ...PLAIN,
    protocol: 'http',
    language: 'python',
    burst: { share: 0.1, rho: 0.3, slotMs: 90_000, factor: 3.5 },
  },
  ads: { ...PLAIN, language: 'java', throttled: 0.02 },
  cart: {
    ...PLAIN,
    language: 'dotnet',
    instances: 3,
    burst: { share: 0.09, rho: 0.2, slotMs: 75_000, factor: 3 },
    throttled: 0.012,
  },
  auth: { ...PLAIN, instances: 3 },
  users: { ...PLAIN },
  checkout: { ...PLAIN, protocol: 'http', bareClient: 'HTTP method' },
  payment: {
    ...PLAIN,
    protocol: 'http',
    language: 'nodejs',
    conventions: 'old',
    throttled: 0.015,
  },
  shipping: { ...PLAIN, protocol: 'http', language: 'rust' },
  inventory: {
    ...PLAIN,
    language: 'java',
    burst: { share: 0.1, rho: 0.25, slotMs: 75_000, factor: 3 },
  },
  orders: { ...PLAIN, protocol: 'http', language: 'java' },
  email: { ...PLAIN, protocol: 'http', language: 'ruby' },
}
