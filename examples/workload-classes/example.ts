import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { stringify } from 'yaml'
import { cluster, Dice, folder, say, writeCsv } from '../kit.ts'

/**
 * Rows of pod metrics → classes of load → a ConfigMap with the replicas each class needs, a custom metric
 * with the class that runs now, and a HorizontalPodAutoscaler that follows it.
 */
const dice = new Dice(2)
const CLASSES = [
  { load: 'night', rps: 15, cpu: 90, memory: 300, replicas: 1 },
  { load: 'day', rps: 220, cpu: 600, memory: 520, replicas: 4 },
  { load: 'campaign', rps: 900, cpu: 1900, memory: 700, replicas: 12 },
  { load: 'batch', rps: 5, cpu: 1500, memory: 1800, replicas: 3 },
]
const minutes = Array.from({ length: 1440 }, (_, minute) => {
  const hour = Math.floor(minute / 60)
  const kind = hour < 6 ? (hour === 3 ? 3 : 0) : hour >= 18 && hour < 20 ? 2 : 1
  const one = CLASSES[kind] ?? dice.pick(CLASSES)
  return {
    rps: Math.max(0, Math.round(dice.normal(one.rps, one.rps / 6))),
    cpu_millicores: Math.round(dice.normal(one.cpu, one.cpu / 10)),
    memory_mb: Math.round(dice.normal(one.memory, one.memory / 15)),
    load: one.load,
  }
})
const out = folder()
const table = writeCsv(join(out, 'pod-metrics.csv'), minutes)
const { medoids } = cluster(table, '--k', '4', '--ignore', 'load', '--distance', 'gower')

/** One replica serves 80 requests a second or half a core, whichever asks for more. */
const classes = medoids.map(({ values, size }, index) => {
  const needed = Math.max(Number(values['rps']) / 80, Number(values['cpu_millicores']) / 500)
  return {
    class: index,
    load: values['load'],
    minutes: size,
    replicas: Math.max(1, Math.ceil(needed)),
  }
})
const name = 'workload-classes'
const data = Object.fromEntries(classes.map((one) => [`class-${one.class}`, JSON.stringify(one)]))
const configMap = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name }, data }
writeFileSync(join(out, 'configmap.yaml'), stringify(configMap))
// The metric says how many replicas the running class needs; the autoscaler divides by 1.
const metric = 'workload_class_replicas'
const autoscaler = {
  apiVersion: 'autoscaling/v2',
  kind: 'HorizontalPodAutoscaler',
  metadata: { name: 'shop' },
  spec: {
    scaleTargetRef: { apiVersion: 'apps/v1', kind: 'Deployment', name: 'shop' },
    minReplicas: Math.min(...classes.map(({ replicas }) => replicas)),
    maxReplicas: Math.max(...classes.map(({ replicas }) => replicas)),
    metrics: [
      {
        type: 'External',
        external: { metric: { name: metric }, target: { type: 'AverageValue', averageValue: '1' } },
      },
    ],
  },
}
writeFileSync(join(out, 'autoscaler.yaml'), stringify(autoscaler))
const now = classes[0]?.replicas ?? 1
writeFileSync(join(out, 'metrics.txt'), `# TYPE ${metric} gauge\n${metric} ${now}\n`)

for (const one of classes) {
  say(`class ${one.class} (${one.load}): ${one.minutes} minutes a day, ${one.replicas} replicas`)
}
const { minReplicas, maxReplicas } = autoscaler.spec
say(`autoscaler: ${minReplicas} to ${maxReplicas} replicas, follows ${metric}`)
