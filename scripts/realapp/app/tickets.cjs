// Makes a ticket of each booking as it comes.
const { Kafka, logLevel } = require('kafkajs')
const { addressOf, work } = require('./control.cjs')

async function main() {
  const kafka = new Kafka({
    brokers: process.env.KAFKA_BROKERS.split(','),
    logLevel: logLevel.ERROR,
  })
  const consumer = kafka.consumer({ groupId: 'tickets' })
  await consumer.connect()
  await consumer.subscribe({ topics: ['bookings'] })
  await consumer.run({
    eachMessage: async ({ message }) => {
      const booking = JSON.parse(message.value.toString())
      const film = await fetch(`http://${addressOf('films')}/films/${booking.film}`)
      await film.arrayBuffer()
      await work(8)
    },
  })
}
main()
