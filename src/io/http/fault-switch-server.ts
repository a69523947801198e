import { type FastifyInstance, fastify } from 'fastify'
import { type SwitchView, switchPage } from '../../ui/switch-page.ts'

/** Things that can be turned on and off by their key. */
export interface Switches {
  readonly switches: readonly SwitchView[]
  /** False: there is no such switch. */
  set(key: string, on: boolean): boolean
}

/**
 * The fault switch of the demo: a page of buttons, and `POST /faults/{key}/{on|off}` for scripts.
 * Nothing but the simulated shop can be broken with it.
 */
export class FaultSwitchServer {
  readonly #server: FastifyInstance

  constructor(switches: Switches, counts: () => { sent: number; lost: number }) {
    this.#server = fastify({ forceCloseConnections: true, bodyLimit: 1024 })
    this.#server.addContentTypeParser('application/x-www-form-urlencoded', (_, __, done) => {
      done(null, null)
    })
    this.#server.get('/', (_, reply) =>
      reply.type('text/html; charset=utf-8').send(switchPage(switches.switches, counts())),
    )
    this.#server.get('/faults', (_, reply) => reply.send({ faults: switches.switches }))
    this.#server.post<{ Params: { key: string; state: string } }>(
      '/faults/:key/:state',
      (request, reply) => {
        const { key, state } = request.params
        const known = (state === 'on' || state === 'off') && switches.set(key, state === 'on')
        if (!known) return reply.code(404).send({ error: 'no such switch' })
        // A browser goes back to the page; a script reads the list.
        const wantsPage = (request.headers.accept ?? '').includes('text/html')
        return wantsPage ? reply.redirect('/', 303) : reply.send({ faults: switches.switches })
      },
    )
  }

  get address(): string {
    const bound = this.#server.server.address()
    return bound && typeof bound === 'object' ? `http://127.0.0.1:${bound.port}` : ''
  }

  async start(host: string, port: number): Promise<void> {
    await this.#server.listen({ host, port })
  }

  async stop(): Promise<void> {
    await this.#server.close()
  }
}
