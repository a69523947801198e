// Which seats are taken; speaks gRPC.
const grpc = require('@grpc/grpc-js')
const { isOn, work } = require('./control.cjs')
const { SEATS } = require('./seats-methods.cjs')

const overloaded = () => isOn('retry-storm') && Math.random() < 0.6
const refusal = { code: grpc.status.UNAVAILABLE, details: 'too many requests' }

const server = new grpc.Server()
server.addService(SEATS, {
  async Free({ request }, answer) {
    if (overloaded()) return answer(refusal)
    await work(6)
    answer(null, { film: request.film, free: [1, 2, 3] })
  },
  async Reserve({ request }, answer) {
    await work(9)
    answer(null, { film: request.film, seat: 1 + Math.floor(Math.random() * 200) })
  },
})
server.bindAsync(
  `127.0.0.1:${process.env.PORT}`,
  grpc.ServerCredentials.createInsecure(),
  (error) => {
    if (error) throw error
  },
)
