import { type Html, html } from './html.ts'

const LINKS = html`<nav aria-label="Pages"><a href="/">Clusters</a><a href="/known">Known</a><a href="/metrics">Metrics</a><a href="/api/v1/anomaly-clusters">JSON</a></nav>`

/**
 * The frame of every page: no script, no outside resource, dark and light, readable on a phone. Without links it
 * leads nowhere, not even home: it may be a file.
 */
export function page(title: string, body: Html, links: Html | null = LINKS): string {
  return html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>${title} · medoscope</title>
<style>${STYLE}</style>
</head>
<body>
<header>${links === null ? html`<strong>medoscope</strong>` : html`<a href="/">medoscope</a>`}${links}</header>
<main>${body}</main>
</body>
</html>
`.markup
}

// Lines are marked by shape and word as well as by colour. Contrast is at least 4.5 : 1 in both schemes.
const STYLE: Html = {
  markup: `
:root { --ground: #fff; --text: #1b1f24; --quiet: #57606a; --line: #d0d7de; --soft: #f3f5f7; --link: #0550ae;
  --normal: #6e7781; --anomaly: #bc4c00; --bad: #b3261e; --good: #1a7f37; --place: #fff4d6 }
@media (prefers-color-scheme: dark) { :root { --ground: #0f1216; --text: #e6e9ed; --quiet: #9aa5b1; --line: #333b45;
  --soft: #181d23; --link: #7cb8ff; --normal: #8b96a3; --anomaly: #ff9b57; --bad: #ff8a80; --good: #6fdd8b; --place: #33290f } }
* { box-sizing: border-box }
body { margin: 0; background: var(--ground); color: var(--text); font: 15px/1.45 system-ui, sans-serif }
header { display: flex; gap: 1.5rem; padding: .6rem 1.2rem; border-bottom: 1px solid var(--line); align-items: baseline }
header > a { font-weight: 700; color: var(--text); text-decoration: none }
nav { display: flex; gap: 1rem }
main { padding: 1rem 1.2rem 3rem; max-width: 1500px; margin: 0 auto }
a { color: var(--link) }
a:focus-visible, input:focus-visible, button:focus-visible, summary:focus-visible, [tabindex]:focus-visible { outline: 2px solid var(--link); outline-offset: 2px }
h1 { font-size: 1.35rem; line-height: 1.3; margin: .6rem 0 .8rem; max-width: 70ch }
h2 { font-size: 1.05rem; margin: 1.6rem 0 .5rem } h3 { font-size: .95rem; margin: 1rem 0 .3rem }
.quiet { color: var(--quiet) }
.badge { display: inline-block; border: 1px solid currentColor; border-radius: 99px; padding: 0 .6em; font-size: .85rem; white-space: nowrap }
.open, .missing, .extra, .status, .critical { color: var(--bad) } .warning { color: var(--anomaly) } .information { color: var(--link) } .resolved, .faster { color: var(--good) } .accepted, .attributes { color: var(--quiet) }
.slower { color: var(--anomaly) }
dl { display: grid; grid-template-columns: repeat(auto-fill, minmax(min(15rem, 45%), 1fr)); gap: .5rem 1.5rem; margin: 0 }
dt { color: var(--quiet); font-size: .85rem } dd { margin: 0; overflow-wrap: anywhere }
table { border-collapse: collapse; width: 100% }
th, td { text-align: left; vertical-align: top; padding: .35rem .5rem; border-bottom: 1px solid var(--line) }
thead th { color: var(--quiet); font-weight: 600; font-size: .85rem; border-bottom-width: 2px }
tbody th { font-weight: 400 }
td.number { text-align: right; white-space: nowrap; font-variant-numeric: tabular-nums }
.scroll { overflow-x: auto }
.pair { table-layout: fixed } .pair th, .pair td { overflow-wrap: anywhere }
.pair col.name { width: 28% } .pair col.side { width: 27% }
.pair tr.place th { background: var(--place); box-shadow: inset 3px 0 var(--anomaly) }
.pair .service { color: var(--quiet) }
.lane { position: relative; height: .8rem; background: var(--soft); border-radius: 2px; overflow: hidden }
.bar { position: absolute; inset-block: 0; min-width: 2px; border-radius: 2px; background: var(--normal);
  left: calc(var(--from) / var(--axis) * 100%); width: calc(var(--ms) / var(--axis) * 100%) }
.anomaly .bar { background: var(--anomaly) } .bar.error { background: repeating-linear-gradient(45deg, var(--bad) 0 6px, transparent 6px 9px), var(--soft); border: 1px solid var(--bad) }
.lane + small { font-variant-numeric: tabular-nums }
.controls { display: flex; flex-wrap: wrap; gap: .4rem 1.5rem; margin: .5rem 0 }
main:has(#differences:checked) tr.is-same { display: none }
td.time { white-space: nowrap } .critical.badge { font-weight: 600 }
.forms { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 20rem), 1fr)); gap: 0 2rem }
form label { display: block; color: var(--quiet); font-size: .85rem } form p { margin: .6rem 0 }
input[type=text], input[type=password] { width: min(32rem, 100%); font: inherit; padding: .35rem .5rem; color: inherit; background: var(--ground); border: 1px solid var(--normal); border-radius: 4px }
button { font: inherit; padding: .35rem 1rem; color: var(--ground); background: var(--link); border: 0; border-radius: 4px; cursor: pointer }
.state.refused { border-color: var(--bad); border-left-width: 5px } .state.done { border-color: var(--good); border-left-width: 5px }
.state p { margin: .3rem 0 }
.state { border: 1px solid var(--line); border-radius: 6px; padding: .8rem 1rem; background: var(--soft); margin-bottom: 1rem }
pre { white-space: pre-wrap; overflow-wrap: anywhere; margin: 0 }
progress { width: min(24rem, 100%); accent-color: var(--link) }
@media (max-width: 720px) {
  .pair thead { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%) }
  .pair, .pair tbody, .pair tr, .pair th, .pair td { display: block; width: 100% } .pair col { display: none }
  .pair tr { border-bottom: 1px solid var(--line); padding: .3rem 0 } .pair th, .pair td { border: 0; padding: .1rem .3rem }
  .pair td[data-side]::before { content: attr(data-side); color: var(--quiet); font-size: .8rem; display: block }
}
`,
}
