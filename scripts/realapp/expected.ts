import type { FaultName } from './faults.ts'
import type { Expected } from './score.ts'

/**
 * What a person who knows the application would say of each fault. Where a tenth of the requests fail,
 * somebody is woken (critical); where most are slow, perhaps; where they are as before, or hardly slower,
 * nobody.
 */
export const EXPECTED: Readonly<Record<FaultName, Expected>> = {
  slow: {
    suspect: 'payment',
    words: /payment.*slower/,
    severities: ['warning', 'critical'],
    touches: ['booking', 'web'],
  },
  errors: {
    suspect: 'films',
    words: /films.*fails/,
    severities: ['critical'],
    touches: ['booking', 'web', 'tickets', 'seats', 'payment'],
  },
  'n-plus-1': {
    suspect: 'films',
    words: /films.*(more often|times as often)/,
    severities: ['warning', 'information'],
    touches: ['web'],
  },
  refused: {
    suspect: 'payment',
    words: /payment.*does not answer/,
    severities: ['critical'],
    touches: ['booking', 'web', 'tickets', 'digest'],
  },
  killed: {
    suspect: 'seats',
    // What it did last it never told: calls succeed, and there are no spans of who answered them.
    words: /seats.*(does not answer|sends no spans)/,
    severities: ['critical'],
    touches: ['booking', 'web', 'payment', 'tickets', 'digest'],
  },
  lock: {
    suspect: 'booking',
    words: /booking.*slower/,
    severities: ['warning', 'critical'],
    touches: ['web', 'expire', 'tickets'],
  },
  'retry-storm': {
    suspect: 'seats',
    words: /seats.*(fail|more often|times as often)/,
    severities: ['warning', 'critical'],
    touches: ['web'],
  },
  deployment: {
    suspect: 'payment',
    words: /payment.*(new|slower)/,
    severities: ['warning', 'information'],
    touches: ['risk', 'booking', 'web'],
  },
}
