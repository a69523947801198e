// Every two minutes reads all bookings since the last time, for a digest by mail.
const { Kafka, logLevel } = require('kafkajs')
const { work } = require('./control.cjs')

const PERIOD_MS = 120_000
const ROUND_MS = 10_000

async function main() {
  const kafka = new Kafka({
    brokers: process.env.KAFKA_BROKERS.split(','),
    logLevel: logLevel.ERROR,
  })
  const consumer = kafka.consumer({ groupId: 'digest' })
  await consumer.connect()
  await consumer.subscribe({ topics: ['bookings'] })
  await consumer.run({
    eachBatch: async ({ batch, resolveOffset, heartbeat }) => {
      for (const message of batch.messages) {
        JSON.parse(message.value.toString())
        await work(3)
        resolveOffset(message.offset)
      }
      await heartbeat()
    },
  })
  consumer.pause([{ topic: 'bookings' }])
  setInterval(() => {
    consumer.resume([{ topic: 'bookings' }])
    setTimeout(() => consumer.pause([{ topic: 'bookings' }]), ROUND_MS)
  }, PERIOD_MS)
}
main()
