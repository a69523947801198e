/** At most so many characters (UTF-16 units), `…` the last where some are missing; no character is cut in half. */
export function shortText(text: string, most: number): string {
  if (text.length <= most) return text
  return `${text.slice(0, most - 1).replace(/[\ud800-\udbff]$/, '')}…`
}
