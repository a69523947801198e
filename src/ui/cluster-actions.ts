import type { AnomalyCluster } from '../contract/anomaly-cluster.ts'
import type { Acceptance } from '../contract/signature.ts'
import { type Html, html } from './html.ts'
import { instant } from './quantity.ts'

/** What came of what a person did on a page. */
export interface Notice {
  readonly outcome: 'done' | 'refused'
  readonly text: string
}

/** What a person wrote into a form that was refused, by the name of its field. */
export type Written = Readonly<Record<string, string>>

export function noticeBox(notice: Notice | null): Html | null {
  if (!notice) return null
  const role = notice.outcome === 'done' ? 'status' : 'alert'
  return html`<div class="state ${notice.outcome}" role="${role}"><p>${notice.text}</p></div>`
}

/** What a person can say of a cluster, and what it takes. */
export interface ActionsView {
  readonly acceptance: Acceptance | null
  /** Whether anything can be changed at all. */
  readonly canChange: boolean
  readonly written: Written
}

/** Forms with which a person accepts a cluster or takes that back, and names what keeps coming back. */
export function clusterActions(cluster: AnomalyCluster, view: ActionsView): Html {
  const heading = html`<h2 id="say">What you can say of it</h2>`
  const accepted = view.acceptance ? acceptedBox(view.acceptance) : null
  if (!view.canChange) {
    return html`${heading}${accepted}<p class="quiet">This medoscope takes no changes: <code>admin.token</code> is not set.</p>`
  }
  const first =
    cluster.state === 'accepted' ? unacceptForm(cluster, view) : acceptForm(cluster, view.written)
  return html`${heading}${accepted}<div class="forms">${first}${nameForm(cluster, view.written)}</div>`
}

function acceptedBox({ by, reason, untilMs, atMs }: Acceptance): Html {
  const who = by === '' ? '' : ` by ${by}`
  const why = reason === '' ? '' : `: ${reason}`
  return html`<p>Accepted ${instant(atMs)}${who}${why}. It holds until ${instant(untilMs)}.</p>`
}

function acceptForm(cluster: AnomalyCluster, written: Written): Html {
  const asks = cluster.asksAcceptance
    ? html`<p role="status">This has lasted since ${instant(cluster.firstMs)}. Is it a fault, or the new normal?</p>`
    : null
  const what =
    cluster.state === 'open'
      ? 'The cluster ends, and what it shows is learned as normal.'
      : 'When it comes back it is no news.'
  return form(
    cluster,
    { action: 'accept', title: 'It is fine', button: 'Accept', what },
    html`${asks}${field('reason', 'Why', written, true)}${field('by', 'Your name', written, false)}`,
  )
}

function unacceptForm(cluster: AnomalyCluster, { acceptance }: ActionsView): Html | null {
  if (acceptance === null) return null
  const what = 'What was accepted raises alarms again.'
  const words = { action: 'unaccept', title: 'It is not fine after all', button: 'Take back', what }
  return form(cluster, words, null)
}

/** What it is called comes with the next alert of it. */
function nameForm(cluster: AnomalyCluster, written: Written): Html | null {
  const { signature } = cluster
  if (!signature) return null
  const { name, note, runbook } = signature
  const now = { name, note, runbook, ...written }
  const what = 'What you call it, and what to do about it, comes with the next alert of it.'
  return form(
    cluster,
    { action: 'name', title: 'It has a name', button: 'Save', what },
    html`${field('name', 'Name', now, true)}${field('note', 'Note', now, false)}${field('runbook', 'Runbook (http:// or https://)', now, false)}`,
  )
}

interface FormWords {
  readonly action: string
  readonly title: string
  readonly button: string
  readonly what: string
}

function form(
  { id }: AnomalyCluster,
  { action, title, button, what }: FormWords,
  fields: Html | null,
): Html {
  return html`<form method="post" action="/clusters/${encodeURIComponent(id)}/${action}" aria-labelledby="${action}"><h3 id="${action}">${title}</h3><p class="quiet">${what}</p>
${fields}<p><label for="${action}-token">Admin token</label><input id="${action}-token" name="token" type="password" required autocomplete="current-password"></p>
<p><button type="submit">${button}</button></p></form>`
}

function field(name: string, label: string, written: Written, required: boolean): Html {
  const must = required ? html` required` : null
  return html`<p><label for="${name}">${label}</label><input id="${name}" name="${name}" type="text"${must} maxlength="2000" value="${written[name] ?? ''}" autocomplete="off"></p>`
}
