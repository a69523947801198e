import { existsSync } from 'node:fs'
import { type Browser, chromium } from 'playwright-core'

const CHROMIUM = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome']
const FLAGS = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-dev-shm-usage',
  '--disable-background-networking',
  '--disable-component-update',
  '--no-first-run',
]

/** A headless browser, or null where there is none. */
export async function openBrowser(): Promise<Browser | null> {
  const executablePath = CHROMIUM.find((path) => existsSync(path))
  return executablePath ? chromium.launch({ executablePath, args: FLAGS }) : null
}

export interface Picture {
  readonly url: string
  readonly file: string
  readonly width: number
  readonly height: number
  /** The whole page instead of what fits. */
  readonly whole?: boolean
}

/** Takes a picture once the page stands still; resolves to the page's text. */
export async function takePicture(browser: Browser, picture: Picture): Promise<string> {
  const { url, file, width, height, whole = false } = picture
  const page = await browser.newPage({ viewport: { width, height } })
  await page.goto(url, { waitUntil: 'load' })
  // Grafana's panels each say so while they load.
  await page.waitForTimeout(3000)
  await page
    .waitForFunction(
      'document.querySelectorAll(\'[aria-label="Panel loading bar"]\').length === 0',
      {
        timeout: 60_000,
      },
    )
    .catch(() => undefined)
  await page.waitForTimeout(3000)
  await page.screenshot({ path: file, fullPage: whole })
  const text = (await page.evaluate('document.body.innerText')) as string
  await page.close()
  return text
}
