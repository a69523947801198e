import { execFileSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { parse } from 'yaml'
import { loadConfig } from '../../src/config/load.ts'
import { hasProgram } from '../dashboards/has-program.ts'

const path = (relative: string): string =>
  fileURLToPath(new URL(`../../${relative}`, import.meta.url))
const read = (relative: string): string => readFileSync(path(relative), 'utf8')

interface Service {
  readonly image?: string
  readonly build?: string
  readonly ports?: readonly string[]
  readonly volumes?: readonly string[]
  readonly profiles?: readonly string[]
  readonly healthcheck?: object
  readonly depends_on?: Readonly<Record<string, { readonly condition: string }>>
  readonly environment?: Readonly<Record<string, string>>
  readonly command?: readonly string[]
  readonly deploy?: { readonly resources: { readonly limits: { readonly memory: string } } }
}

const compose = parse(read('docker-compose.yml'), { merge: true }) as {
  services: Record<string, Service>
  volumes: Record<string, object>
}
const services = Object.entries(compose.services)

/** Services whose image has nothing in it that could check. */
const UNCHECKED = ['collector', 'jaeger', 'topics']

describe('the compose file', () => {
  it.skipIf(!hasProgram('docker-compose'))(
    'passes docker-compose, with the demo and without',
    () => {
      for (const profile of [[], ['--profile', 'demo']]) {
        execFileSync('docker-compose', [
          '-f',
          path('docker-compose.yml'),
          ...profile,
          'config',
          '-q',
        ])
      }
    },
  )

  it('has everything of the story', () => {
    expect(Object.keys(compose.services).sort()).toEqual(
      [
        'kafka',
        'topics',
        'collector',
        'medoscope',
        'prometheus',
        'alertmanager',
        'loki',
        'jaeger',
        'grafana',
        'load',
      ].sort(),
    )
    expect(services.filter(([, { profiles }]) => profiles).map(([name]) => name)).toEqual(['load'])
  })

  it('publishes ports on the loopback address only, each once', () => {
    const ports = services.flatMap(([, service]) => service.ports ?? [])
    expect(ports.length).toBeGreaterThan(8)
    for (const port of ports) expect(port).toMatch(/^127\.0\.0\.1:\d+:\d+$/)
    expect(new Set(ports.map((port) => port.split(':')[1])).size).toBe(ports.length)
  })

  it('limits the memory of every service, to about 3 GB together', () => {
    const running = services.filter(([name]) => name !== 'topics')
    const megabytes = running.map(([name, { deploy }]) => {
      expect(deploy?.resources.limits.memory, name).toMatch(/^\d+M$/)
      return Number.parseInt(deploy?.resources.limits.memory ?? '', 10)
    })
    expect(megabytes.reduce((sum, one) => sum + one, 0)).toBeLessThanOrEqual(3072)
  })

  it('pins every image, and checks the health of what can be checked', () => {
    for (const [name, { image, build, healthcheck }] of services) {
      if (!build) expect(image, name).toMatch(/:v?\d+\.\d+\.\d+$/)
      if (!UNCHECKED.includes(name)) expect(healthcheck, name).toBeDefined()
    }
  })

  it('waits only for services that there are, by conditions that they can meet', () => {
    for (const [name, { depends_on: needs = {} }] of services) {
      for (const [other, { condition }] of Object.entries(needs)) {
        const service = compose.services[other]
        expect(service, `${name} needs ${other}`).toBeDefined()
        if (condition === 'service_healthy') expect(service?.healthcheck, other).toBeDefined()
      }
    }
  })

  it('mounts only files and volumes that exist', () => {
    for (const [name, { volumes = [] }] of services) {
      for (const volume of volumes) {
        const [from = ''] = volume.split(':')
        if (from.startsWith('./')) expect(existsSync(path(from)), `${name}: ${from}`).toBe(true)
        else expect(compose.volumes, name).toHaveProperty(from)
      }
    }
    for (const [, from] of read('Dockerfile').matchAll(/^COPY (?!package)(\S+) /gm)) {
      expect(existsSync(path(from ?? '')), from).toBe(true)
    }
  })

  it('gives medoscope a configuration that it takes', () => {
    const { environment = {} } = compose.services['medoscope'] ?? {}
    const text = read('config/medoscope-stack.yaml')
    const config = loadConfig({ name: 'medoscope-stack.yaml', text, env: environment, set: [] })
    expect(config.input.kafka.brokers).toEqual(['kafka:9092'])
    expect(config.input.otlp_http.enabled).toBe(false)
    expect(config.admin).toMatchObject({
      host: '0.0.0.0',
      port: 9464,
      external_url: 'http://localhost:9464',
      compare_url: 'http://localhost:16686/trace/{normal}...{anomaly}',
    })
    expect(config.state.path).toBe('/var/lib/medoscope')
  })

  it('names hosts, and ports inside, as the files of config/ do', () => {
    const prometheus = read('config/prometheus.yml')
    for (const [, host = ''] of prometheus.matchAll(/'([a-z]+):\d+'/g)) {
      expect(compose.services).toHaveProperty(host)
    }
    const addresses = services.flatMap(([, { environment = {} }]) => Object.values(environment))
    for (const [, host = ''] of addresses
      .join('\n')
      .matchAll(/^(?:http:\/\/)?(?!localhost)([a-z]+):\d+/gm)) {
      expect(compose.services).toHaveProperty(host)
    }
  })
})
