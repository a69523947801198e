import type { PlaceNull, SeriesNull } from '../../src/baseline/place-null.ts'
import { emptyPlaceNull } from '../../src/baseline/place-null.ts'
import type { SeriesSignal } from '../../src/baseline/signals.ts'

/** The null of one series, by hand. */
export function handSeries(signal: SeriesSignal, more: Partial<SeriesNull> = {}): SeriesNull {
  return { signal, level: 0, baseRate: 0.01, rho: 0.01, normal: 0, ...more }
}

/** The null of some places and strata, by id. */
export function handNull(
  places: Readonly<Record<number, readonly SeriesNull[]>>,
  strata: Readonly<Record<number, readonly SeriesNull[]>> = {},
  usual: PlaceNull['strata'][number]['usual'] = [],
): PlaceNull {
  const rows = Object.entries(places).map(([place, series]) => ({ place: Number(place), series }))
  return {
    ...emptyPlaceNull(30_000),
    known: rows.map(({ place }) => place),
    places: rows,
    strata: Object.entries(strata).map(([stratum, series]) => ({
      stratum: Number(stratum),
      usual,
      tailNs: null,
      series,
    })),
  }
}
