import { html } from './html.ts'
import { page } from './page.ts'

export interface SwitchView {
  readonly key: string
  readonly title: string
  readonly service: string
  readonly on: boolean
}

/** The demo's fault switch: what can go wrong in the simulated shop, each with a button. Pure. */
export function switchPage(
  switches: readonly SwitchView[],
  counts: { readonly sent: number; readonly lost: number },
): string {
  const rows = switches.map(
    ({ key, title, service, on }) => html`<tr><th scope="row">${title}</th><td>${service}</td>
<td><span class="badge ${on ? 'open' : 'resolved'}">${on ? 'on' : 'off'}</span></td>
<td><form method="post" action="/faults/${key}/${on ? 'off' : 'on'}"><button>${on ? 'Mend it' : 'Break it'}</button></form></td></tr>
`,
  )
  return page(
    'Fault switch',
    html`<h1>What shall go wrong in the shop?</h1>
<p class="quiet">${counts.sent} spans sent, ${counts.lost} lost. A fault shows in medoscope within a minute of being switched on.</p>
<table><thead><tr><th scope="col">Fault</th><th scope="col">Service</th><th scope="col">State</th><th scope="col"></th></tr></thead>
<tbody>${rows}</tbody></table>`,
    null,
  )
}
