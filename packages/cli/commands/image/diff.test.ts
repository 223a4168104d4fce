import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Answer } from '../../../client/testing.ts'
import { runCommand } from '../../testing.ts'
import { imageDiff } from './diff.ts'

const line = '{"path":"/etc/motd","kind":"added","layer":"sha256:0123456789abcdef","size":3}\n'
const chunk = `${line.length.toString(16)}\r\n${line}\r\n`
const answer =
  (rest: string): Answer =>
  (_request, socket) =>
    socket.end(`HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n${chunk}${rest}`)

test('an answer that breaks off is an error, not the end of the list', async (t) => {
  const words = ['--format', 'json', 'a', 'b']
  const whole = await runCommand(t, 'image diff', imageDiff, words, { '/images/a/diff': answer('0\r\n\r\n') })
  assert.equal(whole.code, undefined)
  assert.equal(whole.stdout, line)
  const broken = await runCommand(t, 'image diff', imageDiff, words, { '/images/a/diff': answer('') })
  assert.equal(broken.stdout, line)
  assert.ok(broken.code instanceof Error)
})
