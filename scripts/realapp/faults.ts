import type { Application } from './application.ts'

export const FAULT_NAMES = [
  'slow',
  'errors',
  'n-plus-1',
  'refused',
  'killed',
  'lock',
  'retry-storm',
  'deployment',
] as const

export type FaultName = (typeof FAULT_NAMES)[number]

/** One thing that goes wrong, and how it is put right; what stays has no `end`. */
export interface Fault {
  /** In a few words, for the table. */
  readonly what: string
  readonly begin: (application: Application) => Promise<void>
  readonly end: ((application: Application) => Promise<void>) | null
}

function byControl(name: FaultName): Pick<Fault, 'begin' | 'end'> {
  return {
    begin: async (application) => application.setFault(name, true),
    end: async (application) => application.setFault(name, false),
  }
}

/** In the order in which they come. */
export const FAULTS: Readonly<Record<FaultName, Fault>> = {
  slow: { what: 'payment takes 350 ms instead of 40', ...byControl('slow') },
  errors: { what: 'films answers 20 % of GET /films/{film} with 500', ...byControl('errors') },
  'n-plus-1': { what: 'films asks its database once a film', ...byControl('n-plus-1') },
  refused: { what: 'payment refuses connections', ...byControl('refused') },
  killed: {
    what: 'seats is killed and comes back at the end',
    begin: async (application) => application.kill('seats'),
    end: (application) => application.revive('seats'),
  },
  lock: {
    what: "somebody locks booking's database for 1.2 s of every 2 s",
    begin: (application) => application.lockBookings(true),
    end: (application) => application.lockBookings(false),
  },
  'retry-storm': {
    what: 'seats refuses 60 % of Free, web asks again at once, up to eight times',
    ...byControl('retry-storm'),
  },
  deployment: {
    what: 'payment 2.0.0 asks the new service risk, 60 ms each, and stays',
    begin: (application) => application.deployPayment(),
    end: null,
  },
}
