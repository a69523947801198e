import { stringify } from 'yaml'
import { configKeys, type KeyNode } from './keys.ts'
import { formatDuration, formatSize, type LeafMeta } from './leaf.ts'
import type { Config } from './schema.ts'

const HEADER = `# medoscope: every key with its default. Made from src/config.ts: \`medoscope validate --defaults\` prints it.
# A file needs only what differs; an empty one is as good as this.
# Values may hold \${env:NAME} and \${env:NAME:-default}; $$ is a dollar.
`

/** \`config/medoscope.yaml\`: every key with its default, what is allowed, and its doc line. */
export function documentedYaml(): string {
  return (
    HEADER + [...(configKeys.keys ?? [])].map(([key, node]) => documented(key, node, '')).join('')
  )
}

function documented(key: string, node: KeyNode, indent: string): string {
  if (node.keys === null) {
    const note = node.meta.allowed === undefined ? '' : ` [${node.meta.allowed}]`
    return `${indent}# ${node.meta.doc}${note}\n${indent}${line(key, node.meta.default)}`
  }
  const children = [...node.keys].map(([child, inner]) => documented(child, inner, `${indent}  `))
  return `\n${indent}# ${node.meta.doc}\n${indent}${key}:\n${children.join('')}`
}

/** The effective configuration as YAML, as a user would write it; secrets are masked. */
export function effectiveYaml(config: Config): string {
  return [...(configKeys.keys ?? [])]
    .map(([key, node]) => effective(key, node, Reflect.get(config, key), ''))
    .join('')
}

function effective(key: string, node: KeyNode, value: unknown, indent: string): string {
  if (node.keys === null) return indent + line(key, written(node.meta, value))
  const children = [...node.keys].map(([child, inner]) =>
    effective(child, inner, Reflect.get(Object(value), child), `${indent}  `),
  )
  return `${indent}${key}:\n${children.join('')}`
}

function written(meta: LeafMeta, value: unknown): unknown {
  if (typeof value === 'number' && meta.unit === 'duration') return formatDuration(value)
  if (typeof value === 'number' && meta.unit === 'size') return formatSize(value)
  if (meta.secret === 'url') return maskedUrl(String(value))
  if (meta.secret === undefined) return value
  if (typeof value === 'string') return value === '' ? '' : '********'
  return Object.fromEntries(Object.keys(Object(value)).map((name) => [name, '********']))
}

/** An address without what may be secret in it: credentials, and everything behind the host of a hook. */
function maskedUrl(address: string): string {
  if (!URL.canParse(address)) return address
  const { protocol, host, pathname, search, username } = new URL(address)
  const user = username === '' ? '' : '********@'
  return `${protocol}//${user}${host}${pathname === '/' && search === '' ? '' : '/********'}`
}

function line(key: string, value: unknown): string {
  return stringify(
    { [key]: value },
    { collectionStyle: 'flow', lineWidth: 0, flowCollectionPadding: false },
  ).replace(/^\{(.*)\}\n$/s, '$1\n')
}
