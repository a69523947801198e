import { afterEach, describe, expect, it } from 'vitest'
import type { FitRequest, FitResult } from '../../src/detector/fit.ts'
import { WorkerFitter } from '../../src/io/fit-client.ts'
import { silentLog } from '../../src/io/telemetry/log.ts'

const plainWorker = new URL('../fakes/fit-worker-plain.js', import.meta.url)
const inline = (): FitResult => ({ inline: true }) as unknown as FitResult
const request = (fields: object): FitRequest => fields as FitRequest
let fitter = new WorkerFitter(silentLog, plainWorker, inline)

afterEach(async () => {
  await fitter.stop()
  fitter = new WorkerFitter(silentLog, plainWorker, inline)
})

describe('fitting in a worker', () => {
  it('gives the worker a copy of the request and its answer back', async () => {
    const sample = new Float64Array([1, 2])
    const answer = await fitter.fit(request({ sample }))
    expect(answer).toEqual({ echo: { sample } })
    expect(sample).toHaveLength(2) // not handed away
  })

  it('passes on what a fit throws, and the worker lives', async () => {
    await expect(fitter.fit(request({ throw: 'no room' }))).rejects.toThrow('no room')
    expect(await fitter.fit(request({ n: 1 }))).toEqual({ echo: { n: 1 } })
    expect(fitter.workerFailures).toBe(0)
  })

  it('is done here when the worker dies, and by a new one the next time', async () => {
    expect(await fitter.fit(request({ die: true }))).toEqual({ inline: true })
    expect(fitter.workerFailures).toBe(1)
    expect(await fitter.fit(request({ n: 2 }))).toEqual({ echo: { n: 2 } })
  })

  it('is done here when there is no worker to start', async () => {
    fitter = new WorkerFitter(silentLog, new URL('file:///nowhere/worker.js'), inline)
    expect(await fitter.fit(request({}))).toEqual({ inline: true })
  })

  it('can be stopped before the first fit, and twice', async () => {
    await fitter.stop()
    await fitter.fit(request({}))
    await fitter.stop()
    await fitter.stop()
  })
})
