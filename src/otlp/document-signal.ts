/** How OTLP JSON begins, whatever the signal. */
const DOCUMENT = /^\s*\{\s*"resource_?(spans|logs|metrics|profiles)"/i
const LOOKED_AT = 128

/** The signal that an OTLP JSON document names first; null for anything else, such as one behind a logger's words. */
export function documentSignal(body: Uint8Array): 'traces' | 'logs' | 'other' | null {
  const found = DOCUMENT.exec(decoder.decode(body.subarray(0, LOOKED_AT)))?.[1]?.toLowerCase()
  if (found === undefined) return null
  if (found === 'spans') return 'traces'
  return found === 'logs' ? 'logs' : 'other'
}

const decoder = new TextDecoder()
