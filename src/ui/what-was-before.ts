import type { AnomalyCluster } from '../contract/anomaly-cluster.ts'
import type { Excess, Recalled, Signature } from '../contract/signature.ts'
import { type Html, html } from './html.ts'
import { duration, instant, share } from './quantity.ts'

const EXCESS_WORDS: Readonly<Record<Excess, string>> = {
  longer: 'It lasts longer than those before.',
  'more often': 'It came sooner than those before.',
  larger: 'It is worse than those before.',
  elsewhere: 'It shows in places where those before did not.',
}

/**
 * What like a cluster there was before: what keeps coming back, what people call it, and the clusters
 * themselves. Nothing where there was nothing.
 */
export function whatWasBefore(
  { signature }: AnomalyCluster,
  whole: Signature | null,
  before: readonly AnomalyCluster[],
): Html | null {
  if (!signature && before.length === 0) return null
  return html`<h2 id="before">What like it happened before</h2>${signature ? recalled(signature, whole) : null}${clusterTable(before)}`
}

function recalled(signature: Recalled, whole: Signature | null): Html {
  const { name, note, runbook, times, lastMs, known, excess } = signature
  const often = times === 1 ? 'once' : `${times} times`
  const rhythm = whole?.rhythm ? `, ${whole.rhythm}` : ''
  const longest = whole
    ? ` The longest lasted ${duration(whole.longestMs)}; at its worst ${share(whole.largestShare)} deviated.`
    : ''
  const told = known ? ' It is known: it is told only once it outgrows those before.' : ''
  // Nothing but a web address is followed.
  const isWeb = /^https?:\/\//.test(runbook)
  return html`${name === '' ? null : html`<p><strong>${name}</strong></p>`}
<p>It came ${often}${rhythm}, the last time before at ${instant(lastMs)}.${longest}${told}${excess === null ? null : html` <strong>${EXCESS_WORDS[excess]}</strong>`}</p>
${note === '' ? null : html`<p>${note}</p>`}${isWeb ? html`<p><a href="${runbook}">Runbook</a></p>` : null}`
}

function clusterTable(before: readonly AnomalyCluster[]): Html | null {
  if (before.length === 0) return null
  return html`<div class="scroll"><table aria-labelledby="before"><thead><tr><th scope="col">What</th><th scope="col">Since</th><th scope="col">Lasted</th><th scope="col">State</th></tr></thead><tbody>${before.map(
    (one) =>
      html`<tr><th scope="row"><a href="/clusters/${encodeURIComponent(one.id)}">${one.sentence}</a></th><td>${instant(one.firstMs)}</td><td>${duration(Math.max(0, (one.closedMs ?? one.lastMs) - one.firstMs))}</td><td><span class="badge ${one.state}">${one.state}</span></td></tr>`,
  )}</tbody></table></div>`
}
