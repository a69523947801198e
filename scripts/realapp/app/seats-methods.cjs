// The methods of the gRPC service `seats`, with JSON as their encoding: no stubs to generate.
const encode = (value) => Buffer.from(JSON.stringify(value))
const decode = (bytes) => JSON.parse(bytes.toString())
const method = (name) => ({
  path: `/cinema.Seats/${name}`,
  requestStream: false,
  responseStream: false,
  requestSerialize: encode,
  requestDeserialize: decode,
  responseSerialize: encode,
  responseDeserialize: decode,
})

exports.SEATS = { Free: method('Free'), Reserve: method('Reserve') }
