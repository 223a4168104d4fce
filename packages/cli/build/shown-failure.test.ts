import assert from 'node:assert/strict'
import { test } from 'node:test'
import { shownFailure } from './shown-failure.ts'

test('what a Dockerfile has in it does nothing to a terminal when it is told as a mistake', async () => {
  const text = '\u001b]0;title\u0007 x\nFROM a\n'
  const message = 'dockerfile parse error on line 1: unknown instruction: \u001b]0;title\u0007'
  const context = { archive: null, dockerfile: 'Dockerfile', text }
  const failure = await shownFailure(new Error(message), context, '')
  assert.match(
    failure.message,
    /^Dockerfile:1\n(?:.*\n)*ERROR: failed to build: failed to solve: dockerfile parse error on line 1/,
  )
  assert.doesNotMatch(failure.message, /(?![\t\n])\p{Cc}/u)
})
