// Scores a charge; only version 2.0.0 of payment knows of it.
const express = require('express')
const { work } = require('./control.cjs')

const app = express()
app.post('/score', async (_, response) => {
  await work(60)
  response.json({ score: Math.random() })
})
app.listen(Number(process.env.PORT), '127.0.0.1')
