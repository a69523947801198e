import type { AnomalyCluster } from '../contract/anomaly-cluster.ts'
import { type Html, html } from './html.ts'
import { instant } from './quantity.ts'

/** What came of what a person did on a page. */
export interface Notice {
  readonly outcome: 'done' | 'refused'
  readonly text: string
}

export function noticeBox(notice: Notice | null): Html | null {
  if (!notice) return null
  const role = notice.outcome === 'done' ? 'status' : 'alert'
  return html`<div class="state ${notice.outcome}" role="${role}"><p>${notice.text}</p></div>`
}

/** A form with which a person says that what a cluster shows is fine. */
export function acceptForm(
  cluster: AnomalyCluster,
  canChange: boolean,
  reason: string,
): Html | null {
  if (cluster.state !== 'open') return null
  const asks = cluster.asksAcceptance
    ? html`<p role="status">This has lasted since ${instant(cluster.firstMs)}. Is it a fault, or the new normal?</p>`
    : null
  const intro = html`<h2 id="accept">If this is fine</h2>${asks}<p>Accept it: the cluster ends, and what it shows is learned as normal.</p>`
  if (!canChange) {
    return html`${intro}<p class="quiet">This medoscope takes no changes: <code>admin.token</code> is not set.</p>`
  }
  return html`${intro}<form method="post" action="/clusters/${encodeURIComponent(cluster.id)}/accept" aria-labelledby="accept">
<p><label for="reason">Why it is fine</label><input id="reason" name="reason" type="text" required maxlength="500" value="${reason}" autocomplete="off"></p>
${tokenField()}
<p><button type="submit">Accept</button></p></form>`
}

function tokenField(): Html {
  return html`<p><label for="token">Admin token</label><input id="token" name="token" type="password" required autocomplete="current-password"></p>`
}
