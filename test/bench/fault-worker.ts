import { parentPort, workerData } from 'node:worker_threads'
import { runFaults } from './fault-runs.ts'

parentPort?.postMessage(runFaults(workerData))
