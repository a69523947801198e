import type { Browser, Page } from 'playwright-core'
import { afterAll, describe, expect, it } from 'vitest'
import { clusterPage } from '../../src/ui/cluster-page.ts'
import { clustersPage } from '../../src/ui/clusters-page.ts'
import { openBrowser } from '../stack/pictures.ts'
import { exampleCluster, exampleDetail, span, trace } from './example-cluster.ts'

/** All that a page of a cluster can show. */
const WHOLE = { detail: exampleDetail(), canChange: true }

const browser: Browser | null = await openBrowser()
if (browser === null) {
  if (process.env['CI']) throw new Error('Chromium is missing; run .ci/install-system-packages.sh')
  console.warn(
    'SKIPPED: pages in a browser need Chromium; .ci/install-system-packages.sh installs it.',
  )
}
afterAll(async () => {
  await browser?.close()
})

async function opened(
  markup: string,
  width = 1280,
  scheme: 'light' | 'dark' = 'light',
): Promise<Page> {
  if (browser === null) throw new Error('no browser')
  const page = await browser.newPage({ viewport: { width, height: 800 }, colorScheme: scheme })
  await page.setContent(markup)
  return page
}

/** A pair long enough to open on its differences: twenty alike calls beside the example's. */
function longPair(): string {
  const { representative, nearestNormal } = exampleCluster()
  if (!representative || !nearestNormal) throw new Error('the example has both')
  const alike = Array.from({ length: 20 }, (_, i) => span(0, `cart Step${i}`, i, 1))
  return clusterPage(
    exampleCluster({
      representative: trace(representative.traceId, [...representative.spans, ...alike]),
      nearestNormal: trace(nearestNormal.traceId, [...nearestNormal.spans, ...alike]),
    }),
    WHOLE,
  )
}

describe.skipIf(browser === null)('the page of a cluster in a browser', () => {
  it('draws the guilty call over most of the axis, and its normal counterpart as a sliver', async () => {
    const page = await opened(clusterPage(exampleCluster()))
    const widths = (await page.evaluate(`
      [...document.querySelectorAll('tr.place .lane')].map((lane) =>
        lane.firstElementChild.getBoundingClientRect().width / lane.getBoundingClientRect().width)
    `)) as number[]
    // 6 of 668 ms, and 592 of 668 ms.
    expect(widths[0]).toBeCloseTo(6 / 668, 1)
    expect(widths[1]).toBeCloseTo(592 / 668, 2)
    await page.close()
  })

  it('opens a long pair on what differs and shows the rest at a click, without script', async () => {
    const page = await opened(longPair())
    const shown = (): Promise<number> => page.locator('.pair tbody tr:visible').count()
    const few = await shown()
    await page.getByRole('checkbox').uncheck()
    const all = await shown()
    expect(all - few).toBeGreaterThanOrEqual(20)
    await page.close()
  })

  it('fits a phone, dark or light, without scrolling sideways', async () => {
    for (const scheme of ['light', 'dark'] as const) {
      const page = await opened(longPair(), 390, scheme)
      const overflow = await page.evaluate(
        'document.documentElement.scrollWidth - window.innerWidth',
      )
      expect(overflow).toBeLessThanOrEqual(0)
      await page.close()
    }
  })

  it('is a page that a screen reader finds its way in', async () => {
    const page = await opened(clusterPage(exampleCluster(), WHOLE))
    expect(await page.getByRole('heading', { level: 1 }).textContent()).toContain(
      'currency Convert',
    )
    expect(await page.getByRole('table', { name: /beside the nearest normal trace/ }).count()).toBe(
      1,
    )
    const pair = page.getByRole('table', { name: /beside the nearest normal trace/ })
    expect(await pair.getByRole('columnheader').allTextContents()).toEqual([
      'Call',
      'Normal',
      'Anomaly',
      'Difference',
    ])
    expect(await pair.getByRole('rowheader').count()).toBe(8)
    const images = page.getByRole('img')
    expect(await images.count()).toBe(3)
    expect(await page.getByRole('img', { name: /Self time of a call.*590 ms since/ }).count()).toBe(
      1,
    )
    expect(await page.getByLabel('Why').count()).toBe(1)
    expect(await page.getByLabel('Admin token').getAttribute('type')).toBe('password')
    await page.close()
  })
})

describe.skipIf(browser === null)('the home page in a browser', () => {
  it('says its state as a status, with progress while learning', async () => {
    const page = await opened(
      clustersPage([exampleCluster()], {
        state: 'learning',
        observations: 312,
        progress: 0.31,
        missing: ['312 of 1000 calibration traces until the first model'],
        modelInstalledMs: null,
        watermarkMs: 1,
        behindMs: 0,
        strata: 3,
        coverage: { share: 1, seen: 0, unjudged: [] },
        senders: [],
      }),
      390,
    )
    expect(await page.getByRole('status').textContent()).toContain('312 of 1000')
    expect(await page.getByRole('progressbar').count()).toBe(1)
    const row = page.getByRole('table', { name: 'Open' })
    expect(await row.getByRole('link', { name: /currency Convert/ }).count()).toBe(1)
    const overflow = await page.evaluate('document.documentElement.scrollWidth - window.innerWidth')
    expect(overflow).toBeLessThanOrEqual(0)
    await page.close()
  })
})
