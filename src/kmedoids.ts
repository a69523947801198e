// The package's entry for programs: `import { fasterPam } from 'medoscope/kmedoids'`. The one file that only
// passes on what others export: an importer outside must not depend on how the inside is cut into files.
export { type AlternateOptions, alternate } from './kmedoids/alternate.ts'
export { assign } from './kmedoids/assign.ts'
export type { Assignment } from './kmedoids/assignment.ts'
export { build } from './kmedoids/build.ts'
export { type ClaraOptions, clara } from './kmedoids/clara.ts'
export {
  type ClusterOptions,
  type ClusterResult,
  cluster,
  clusterDissimilarities,
} from './kmedoids/cluster.ts'
export type {
  Clustering,
  Effort,
  Init,
  KQuality,
  Method,
  Position,
  Progress,
  Watch,
} from './kmedoids/clustering.ts'
export { cohesion, type SlotCohesion } from './kmedoids/cohesion.ts'
export { daviesBouldin } from './kmedoids/davies-bouldin.ts'
export type { Dissimilarities } from './kmedoids/dissimilarities.ts'
export {
  chebyshev,
  cosine,
  DISTANCES,
  type Distance,
  euclidean,
  hamming,
  jaccard,
  manhattan,
  precomputed,
  subset,
  userDistance,
} from './kmedoids/distances.ts'
export { type DynMscOptions, type DynMscResult, dynMsc } from './kmedoids/dyn-msc.ts'
export { elbow, type LossOfK } from './kmedoids/elbow.ts'
export {
  type FasterPamOptions,
  type FasterPamResult,
  fasterPam,
  fasterPamOfMatrix,
} from './kmedoids/faster-pam.ts'
export { type GowerColumn, gower } from './kmedoids/gower.ts'
export { kmedoidsPlusPlus } from './kmedoids/kmedoids-plus-plus.ts'
export { lab } from './kmedoids/lab.ts'
export { medoidSilhouette } from './kmedoids/medoid-silhouette.ts'
export {
  type LocalMedoids,
  type Merged,
  type MergeOptions,
  mergeMedoids,
} from './kmedoids/merge-medoids.ts'
export { type OneBatchOptions, oneBatchPam } from './kmedoids/one-batch-pam.ts'
export { type PamOptions, pam } from './kmedoids/pam.ts'
export { type Points, selectPoints } from './kmedoids/points.ts'
export { adjustedRand, rand } from './kmedoids/rand-index.ts'
export { randomMedoids } from './kmedoids/random-medoids.ts'
export { type ColumnShare, representativeness } from './kmedoids/representativeness.ts'
export { type Silhouette, silhouette } from './kmedoids/silhouette.ts'
export { type Stability, type StabilityOptions, stability } from './kmedoids/stability.ts'
export { SeededRandom } from './stats/random.ts'
