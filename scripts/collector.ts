import { buildCollector } from '../test/collector/build-collector.ts'
import { findPrograms } from './stack/find-programs.ts'

// Prints the path of the Collector that the tests run (OTELCOL, else the one beside the checkout, else
// one built from test/collector/builder.yaml), so that what comes next need not build it.
process.stdout.write(`${findPrograms().collector ?? (await buildCollector())}\n`)
