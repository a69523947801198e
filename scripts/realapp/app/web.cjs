// The front of the cinema: the only service that the public reaches.
const express = require('express')
const grpc = require('@grpc/grpc-js')
const { addressOf } = require('./control.cjs')
const { SEATS } = require('./seats-methods.cjs')

const Seats = grpc.makeGenericClientConstructor(SEATS, 'cinema.Seats')
const seats = new Seats(addressOf('seats'), grpc.credentials.createInsecure(), {
  'grpc.enable_retries': 0,
  'grpc.initial_reconnect_backoff_ms': 200,
  'grpc.max_reconnect_backoff_ms': 1000,
})

function freeSeats(film) {
  return new Promise((resolve, reject) => {
    const deadline = Date.now() + 2000
    seats.Free({ film }, { deadline }, (error, answer) => (error ? reject(error) : resolve(answer)))
  })
}

/** Asks again at once and up to eight times, as impatient clients do. */
async function freeSeatsOrAgain(film) {
  for (let left = 8; ; left--) {
    try {
      return await freeSeats(film)
    } catch (error) {
      if (left <= 1) throw error
    }
  }
}

async function forward(response, service, path, body) {
  const init = body && {
    method: 'POST',
    body: JSON.stringify(body),
    headers: { 'content-type': 'application/json' },
  }
  try {
    const answer = await fetch(`http://${addressOf(service)}${path}`, init ?? {})
    const text = await answer.text()
    response
      .status(answer.ok ? 200 : 502)
      .type('json')
      .send(answer.ok ? text : '{}')
  } catch {
    response.status(502).json({ error: `${service} is away` })
  }
}

const app = express()
app.use(express.json())
app.get('/films', (_, response) => forward(response, 'films', '/films'))
app.get('/films/:id', (request, response) =>
  forward(response, 'films', `/films/${request.params.id}`),
)
app.get('/films/:id/seats', async (request, response) => {
  try {
    response.json(await freeSeatsOrAgain(Number(request.params.id)))
  } catch {
    response.status(503).json({ error: 'seats are away' })
  }
})
app.post('/bookings', (request, response) =>
  forward(response, 'booking', '/bookings', request.body),
)
app.get('/bookings/:id', (request, response) =>
  forward(response, 'booking', `/bookings/${request.params.id}`),
)
app.listen(Number(process.env.PORT), '127.0.0.1')
