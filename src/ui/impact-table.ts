import type { AnomalyCluster, Impact } from '../contract/anomaly-cluster.ts'
import { type Html, html } from './html.ts'
import { share } from './quantity.ts'

/** Entry operations that are listed. */
const MOST_LISTED = 12

/** Which entry operations suffer, and what share of their requests; says so where none does. */
export function impactTable({ impact }: AnomalyCluster): Html {
  const heading = html`<h2 id="suffers">Who suffers</h2>`
  if (impact.length === 0) {
    return html`${heading}<p>No entry operation: its requests neither fail nor are slower than they sometimes are.</p>`
  }
  const hidden = impact.length - MOST_LISTED
  return html`${heading}<div class="scroll"><table aria-labelledby="suffers"><thead><tr><th scope="col">Entry operation</th><th scope="col">Suffer</th><th scope="col">Requests</th><th scope="col">Fail</th><th scope="col">Slow</th></tr></thead><tbody>${impact.slice(0, MOST_LISTED).map(row)}</tbody></table></div>${hidden > 0 ? html`<p class="quiet">${hidden} further ones are in the JSON.</p>` : null}`
}

function row({ entry, requests, failed, slow, share: part }: Impact): Html {
  const percent = Number((Math.min(1, Math.max(0, part)) * 100).toFixed(1))
  return html`<tr><th scope="row">${entry}</th><td class="meter"><span class="lane" aria-hidden="true"><span class="bar" style="--from:0;--ms:${percent};--axis:100"></span></span> ${share(part)}</td><td class="number">${requests}</td><td class="number">${failed}</td><td class="number">${slow}</td></tr>`
}

/** The styles that the table needs, in a page's own colours. */
export const IMPACT_STYLE: Html = {
  markup: `.meter { white-space: nowrap } .meter .lane { display: inline-block; width: min(12rem, 25vw); vertical-align: middle; margin-right: .5rem }
.meter .bar { background: var(--bad) }`,
}
