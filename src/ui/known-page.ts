import type { Acceptance, Signature } from '../contract/signature.ts'
import { type Html, html } from './html.ts'
import { page } from './page.ts'
import { duration, instant, share } from './quantity.ts'

/** What keeps coming back, and what people said is fine; what can be undone is undone on the pages of the clusters. Pure. */
export function knownPage(
  signatures: readonly Signature[],
  acceptances: readonly Acceptance[],
): string {
  return page(
    'Known',
    html`<h1>What is known</h1>
<h2 id="returns">What keeps coming back</h2>${signatureTable(signatures)}
<h2 id="accepted">What was accepted</h2>${acceptanceTable(acceptances)}`,
  )
}

function signatureTable(signatures: readonly Signature[]): Html {
  if (signatures.length === 0) return html`<p>Nothing so far.</p>`
  return html`<div class="scroll"><table aria-labelledby="returns"><thead><tr><th scope="col">What</th><th scope="col">Came</th><th scope="col">Last (UTC)</th><th scope="col">Longest</th><th scope="col">At its worst</th><th scope="col">Told</th></tr></thead><tbody>${signatures.map(signatureRow)}</tbody></table></div>`
}

function signatureRow(signature: Signature): Html {
  const { name, note, places, times, rhythm, lastMs, longestMs, largestShare, known } = signature
  const latest = signature.clusters.at(-1)
  const words = name === '' ? (places[0] ?? signature.id) : name
  const title =
    latest === undefined
      ? html`${words}`
      : html`<a href="/clusters/${encodeURIComponent(latest)}">${words}</a>`
  const more = [note, ...(name === '' ? places.slice(1) : places)].filter((text) => text !== '')
  return html`<tr><th scope="row">${title}${more.slice(0, 3).map((text) => html`<br><small class="quiet">${text}</small>`)}</th><td>${times === 1 ? 'once' : `${times} times`}${rhythm === null ? null : `, ${rhythm}`}</td><td class="time">${instant(lastMs)}</td><td class="time">${duration(longestMs)}</td><td class="number">${share(largestShare)}</td><td>${known ? 'once it outgrows those before' : 'each time'}</td></tr>`
}

function acceptanceTable(acceptances: readonly Acceptance[]): Html {
  if (acceptances.length === 0) return html`<p>Nothing that still holds.</p>`
  const rows = acceptances.map(
    ({ cluster, by, reason, atMs, untilMs }) =>
      html`<tr><th scope="row"><a href="/clusters/${encodeURIComponent(cluster)}">${cluster}</a></th><td>${reason === '' ? '–' : reason}</td><td>${by === '' ? '–' : by}</td><td class="time">${instant(atMs)}</td><td class="time">${instant(untilMs)}</td></tr>`,
  )
  return html`<div class="scroll"><table aria-labelledby="accepted"><thead><tr><th scope="col">Cluster</th><th scope="col">Why</th><th scope="col">By</th><th scope="col">Accepted</th><th scope="col">Holds until</th></tr></thead><tbody>${rows}</tbody></table></div>`
}
