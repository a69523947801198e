import { existsSync } from 'node:fs'
import { resolve } from 'node:path'
import type { DetectorSettings } from '../../src/detector/settings.ts'
import { detectorSettings } from '../detector-settings.ts'
import type { Figure } from './figures.ts'
import { judgeRecording, type Score, scoreRecording } from './online-boutique.ts'

export const trainTicket = resolve(import.meta.dirname, '../../../shared/data/trainticket-20230130')
const FILES = { warmup: 'warmup.traces.jsonl.gz', test: 'test.traces.jsonl.gz' } as const

/** The recording as it is judged with some settings. */
export function judgeTrainTicket(settings: DetectorSettings): Score {
  return scoreRecording(
    trainTicket,
    judgeRecording(trainTicket, settings, FILES),
    'labels.jsonl.gz',
  )
}

/** What is found of the recording of Train-Ticket, and what of it alerts; none where it is not at hand. */
export function trainTicketFigures(show: (score: Score) => void): Figure[] {
  if (!existsSync(trainTicket)) return []
  const score = judgeTrainTicket(detectorSettings())
  show(score)
  const { all } = score
  return [
    {
      name: 'tt_windows_found',
      value: all.found,
      what: `of ${all.windows} fault windows, an anomaly cluster was opened`,
      bar: 'at least 7, aim 8',
    },
    {
      name: 'tt_service_first',
      value: all.at1,
      what: 'found windows in which the guilty service is named first',
      bar: 'all found but one',
    },
    {
      name: 'tt_windows_alerting',
      value: all.alerting,
      what: 'windows in which a cluster opened that alerts',
      bar: 'at least 6',
    },
    {
      name: 'tt_false_clusters',
      value: score.false,
      what: `clusters that alert, opened in ${score.quietHours.toFixed(2)} quiet hours`,
      bar: 'at most 1',
    },
  ]
}
