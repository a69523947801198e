const SLASH = 0x2f
const COLON = 0x3a
const AT = 0x40
const QUESTION_MARK = 0x3f
const NUMBER_SIGN = 0x23

/**
 * Where a URL says which host it is of: `host` or `host:port` of `scheme://user:password@host:port/path`
 * (RFC 3986, section 3.2). All else of a URL, which may hold secrets and ids, is never kept.
 */
export class UrlAuthority {
  /** Bytes of the authority found last: `[start, end)`; none where both are equal. */
  start = 0
  end = 0

  /** Looks into `bytes[start, end)`; finds none where that is no absolute URL. */
  find(bytes: Uint8Array, start: number, end: number): void {
    this.start = this.end = end
    let at = start
    while (at < end && bytes[at] !== COLON) at++
    if (at === start || at + 2 >= end || bytes[at + 1] !== SLASH || bytes[at + 2] !== SLASH) return
    at += 3
    let from = at
    for (; at < end; at++) {
      const byte = bytes[at]
      if (byte === SLASH || byte === QUESTION_MARK || byte === NUMBER_SIGN) break
      if (byte === AT) from = at + 1
    }
    this.start = from
    this.end = at
  }
}

/** The same for a text; '' where it is no absolute URL. */
export function authorityOf(url: string): string {
  return /^[^:]+:\/\/(?:[^/?#]*@)?([^/?#@]*)/.exec(url)?.[1] ?? ''
}
