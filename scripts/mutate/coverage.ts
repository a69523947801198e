import { type Profiler, Session } from 'node:inspector'

/** A stretch of a script and how often it ran. */
type Range = Profiler.CoverageRange

/** What ran since the last reading, of the scripts that are asked for. */
export class Coverage {
  readonly #session = new Session()

  constructor() {
    this.#session.connect()
    this.#session.post('Profiler.enable')
    this.#session.post('Profiler.startPreciseCoverage', { callCount: true, detailed: true })
  }

  /** By address of the script. Only functions that ran are in it. */
  take(isWanted: (url: string) => boolean): Map<string, CoveredScript> {
    const covered = new Map<string, CoveredScript>()
    // The inspector of one's own thread answers before post returns.
    this.#session.post('Profiler.takePreciseCoverage', (error, answer) => {
      if (error) throw error
      for (const { url, functions } of answer.result) {
        if (isWanted(url))
          covered.set(url, new CoveredScript(functions.map(({ ranges }) => ranges)))
      }
    })
    return covered
  }

  close(): void {
    this.#session.disconnect()
  }
}

/** Stretches of one script that ran, or did not. */
export class CoveredScript {
  readonly #ranges: readonly Range[]

  constructor(functions: readonly (readonly Range[])[]) {
    // The innermost of the stretches around a position counts: the one that begins last.
    this.#ranges = functions
      .flat()
      .sort((a, b) => a.startOffset - b.startOffset || b.endOffset - a.endOffset)
  }

  ran(position: number): boolean {
    let count = 0
    for (const { startOffset, endOffset, count: times } of this.#ranges) {
      if (startOffset > position) break
      if (position < endOffset) count = times
    }
    return count > 0
  }
}
