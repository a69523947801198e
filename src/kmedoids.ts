// The package's entry for programs: `import { fasterPam } from 'medoscope/kmedoids'`. The one file that only
// passes on what others export: an importer outside must not depend on how the inside is cut into files.
export { fasterPam } from './kmedoids/faster-pam.ts'
