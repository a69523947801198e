// Charges cards. Version 2.0.0 asks `risk` first.
const { createServer } = require('node:http')
const express = require('express')
const { addressOf, isOn, onChange, work } = require('./control.cjs')

const asksRisk = process.env.VERSION === '2.0.0'

const app = express()
app.use(express.json())
app.post('/charge', async (_, response) => {
  if (asksRisk) await fetch(`http://${addressOf('risk')}/score`, { method: 'POST' })
  await work(isOn('slow') ? 350 : 40)
  response.json({ charged: true })
})

// A dependency that refuses connections: the process lives, but nobody listens.
let server = null
function listen() {
  const refuses = isOn('refused') && !asksRisk
  if (refuses && server !== null) {
    server.close()
    server.closeAllConnections()
    server = null
  } else if (!refuses && server === null) {
    server = createServer(app).listen(Number(process.env.PORT), '127.0.0.1')
  }
}
onChange(listen)
listen()
