import type { ClusterChanges } from '../io/http/cluster-changes.ts'
import type { Log } from '../io/telemetry/log.ts'
import type { Pipeline } from './pipeline.ts'

/** What people may change over HTTP, put through the loop; each change that was made is logged. */
export function peopleChanges(pipeline: Pipeline, log: Log): ClusterChanges {
  return {
    accept: async (cluster, said) => {
      const done = await pipeline.change((detector, output) =>
        detector.accept(cluster, output, said),
      )
      if (done) log.info('anomaly cluster accepted', { cluster, ...said })
      return done
    },
    unaccept: async (cluster) => {
      const done = await pipeline.change((detector) => detector.unaccept(cluster))
      if (done) log.info('acceptance of an anomaly cluster taken back', { cluster })
      return done
    },
    describe: async (signature, words) => {
      const done = await pipeline.change((detector) => detector.describeSignature(signature, words))
      if (done) log.info('signature described', { signature, ...words })
      return done
    },
  }
}
