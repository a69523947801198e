import { describe, expect, it } from 'vitest'
import { continuesTrace, withoutTrace } from '../../src/templates/stack-trace.ts'

const JAVA = `order 12 failed
java.lang.IllegalStateException: card 4111111111111111 declined
\tat shop.Card.charge(Card.java:12)
\tat shop.Order.pay(Order.java:34)
\tat shop.Order.close(Order.java:56)
\tat shop.Main.run(Main.java:78)
Caused by: java.io.IOException: reset
\tat shop.Net.read(Net.java:9)
\t... 4 more`

const PYTHON = `Traceback (most recent call last):
  File "/srv/shop/main.py", line 3, in main
    run()
  File "/srv/shop/cart.py", line 12, in add
    raise ValueError("alice")
ValueError: alice`

const NODE = `TypeError: Cannot read properties of undefined (reading 'id')
    at add (/srv/cart.js:1:2)
    at async Server.handle (/srv/server.js:3:4)`

describe('a stack trace', () => {
  it.each([
    [
      JAVA,
      'order 12 failed java.lang.IllegalStateException at shop.Card.charge at shop.Order.pay at shop.Order.close',
    ],
    [PYTHON, 'ValueError at cart.py:add at main.py:main'],
    [NODE, 'TypeError at add at Server.handle'],
    [
      "boom (Error)\n\tfrom cart.rb:12:in `add'\n\tfrom main.rb:3:in `run'",
      'boom (Error) at add at run',
    ],
  ])('becomes what was said, what was thrown and the top frames', (text, reduced) => {
    expect(withoutTrace(text)).toBe(reduced)
  })

  it('is the same whatever lines, files and messages are', () => {
    const other = JAVA.replaceAll(/:\d+\)/g, ':1)').replace('4111111111111111', 'gone')
    expect(withoutTrace(other)).toBe(withoutTrace(JAVA))
  })

  it('is only what looks like one', () => {
    for (const text of ['', 'one line', 'two\nlines', '  indented', 'Error: none\nat home']) {
      expect(withoutTrace(text)).toBe(text)
    }
  })

  it('goes on line by line', () => {
    for (const line of [...JAVA.split('\n').slice(2), ...PYTHON.split('\n').slice(0, 2)]) {
      expect(continuesTrace(line)).toBe(true)
    }
    for (const line of ['started', '  an item of a list', 'Cache is cold', '']) {
      expect(continuesTrace(line)).toBe(false)
    }
  })
})
