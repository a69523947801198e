/** Frames of a stack trace that a template keeps. */
const TOP_FRAMES = 3

/** How frames look in traces of several languages, with what is called. */
const FRAMES: readonly RegExp[] = [
  // Java, .NET, JavaScript: at shop.Cart.add(Cart.java:12), at add (/srv/cart.js:1:2)
  /^\s+at (?:async |new )?([^\s(]+)/,
  // Ruby: from cart.rb:12:in `add'
  /^\s+from \S+:in [`']([^']+)'/,
]
/** Python: File "/srv/cart.py", line 12, in add. The frame that failed comes last. */
const PYTHON_FRAME = /^\s+File "[^"]*?([^"/\\]+)", line \d+, in (\S+)/
const PYTHON = /^Traceback \(most recent call last\)/
const MORE = /^\s+(?:\.{3} \d+ (?:more|common)|\^+\s*$|~+)|^Caused by: /
/** The line that names what was thrown. */
const THROWN =
  /^(?:Caused by: |Exception in thread "[^"]*" )?([\p{L}_][\w.$:]*(?:Exception|Error|Throwable|Warning|Exit|Interrupt|Fault))(?::\s|:?$)/u

export function beginsPythonTrace(line: string): boolean {
  return PYTHON.test(line)
}

/** Whether a line goes on with the stack trace that the line before began, or belongs to it. */
export function continuesTrace(line: string): boolean {
  return (
    beginsPythonTrace(line) ||
    MORE.test(line) ||
    PYTHON_FRAME.test(line) ||
    FRAMES.some((frame) => frame.test(line))
  )
}

/**
 * A text of several lines in which a stack trace stands: what was said, what was thrown and the top frames, without
 * messages, files and line numbers. Any other text stays as it is.
 */
export function withoutTrace(text: string): string {
  const lines = text.split('\n')
  const frames: string[] = []
  const python: string[] = []
  let thrown = ''
  let said = ''
  for (const line of lines) {
    const type = THROWN.exec(line)?.[1]
    const frame = frameOf(line)
    const pythonFrame = PYTHON_FRAME.exec(line)
    if (frame !== null) frames.push(frame)
    else if (pythonFrame !== null) python.push(`${pythonFrame[1]}:${pythonFrame[2]}`)
    else if (type !== undefined) {
      // Of several in a row of causes the first is what was seen; in Python it is the last.
      if (thrown === '' || python.length > 0) thrown = type
    } else if (said + frames + python === '' && !continuesTrace(line)) said = line.trim()
  }
  const top = [...frames.slice(0, TOP_FRAMES), ...python.toReversed().slice(0, TOP_FRAMES)]
  if (top.length === 0) return text
  return [said, thrown, ...top.map((name) => `at ${name}`)].filter((part) => part !== '').join(' ')
}

/** The line of a stack trace that says what was thrown, and with what message; empty where none does. */
export function thrownLine(lines: readonly string[]): string {
  const isPython = lines.some((line) => PYTHON_FRAME.test(line))
  const isThrown = (line: string): boolean => THROWN.test(line)
  return (isPython ? lines.findLast(isThrown) : lines.find(isThrown)) ?? ''
}

function frameOf(line: string): string | null {
  for (const frame of FRAMES) {
    const called = frame.exec(line)?.[1]
    if (called !== undefined) return called
  }
  return null
}
