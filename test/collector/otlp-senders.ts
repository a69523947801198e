import { connect } from 'node:http2'

const EXPORT = '/opentelemetry.proto.collector.trace.v1.TraceService/Export'

/** Sends bodies of a signal over OTLP/HTTP, one after the other. */
export async function sendHttp(
  address: string,
  bodies: readonly Uint8Array[],
  signal: 'traces' | 'logs' = 'traces',
): Promise<void> {
  for (const body of bodies) {
    const response = await fetch(`${address}/v1/${signal}`, {
      method: 'POST',
      headers: { 'content-type': 'application/x-protobuf' },
      body: Buffer.from(body),
    })
    await response.arrayBuffer()
    if (!response.ok) throw new Error(`OTLP/HTTP: ${response.status}`)
  }
}

/** The same over OTLP/gRPC: gRPC's framing by hand over HTTP/2, as no client library is at hand. */
export async function sendGrpc(address: string, bodies: readonly Uint8Array[]): Promise<void> {
  const session = connect(address)
  try {
    for (const body of bodies) await unaryCall(session, body)
  } finally {
    session.close()
  }
}

function unaryCall(session: ReturnType<typeof connect>, body: Uint8Array): Promise<void> {
  return new Promise((resolve, reject) => {
    session.once('error', reject)
    const call = session.request({
      ':method': 'POST',
      ':path': EXPORT,
      'content-type': 'application/grpc',
      te: 'trailers',
    })
    let status = ''
    const note = (headers: Record<string, unknown>): void => {
      if (headers['grpc-status'] !== undefined) status = String(headers['grpc-status'])
    }
    call.on('response', note)
    call.on('trailers', note)
    call.on('data', () => undefined)
    call.on('error', reject)
    call.on('close', () => {
      session.removeListener('error', reject)
      if (status === '0') resolve()
      else reject(new Error(`OTLP/gRPC: status ${status}`))
    })
    // One message: not compressed, four bytes of length, the body.
    const frame = Buffer.alloc(5 + body.length)
    frame.writeUInt32BE(body.length, 1)
    frame.set(body, 5)
    call.end(frame)
  })
}
