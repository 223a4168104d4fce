import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type Answer, json } from '../../client/testing.ts'
import { runCommand } from '../testing.ts'
import { run } from './run.ts'
import { wait } from './wait.ts'

const ended: Answer = (_request, socket) => void socket.write(json(200, { StatusCode: 3 }))
const ping: Answer = (_request, socket) => void socket.write(json(200, 'OK'))

test('the longest of times is no time that is over at once', async (t) => {
  const answers = { '/_ping': ping, '/containers/c1/wait': ended }
  const { code, stdout } = await runCommand(t, 'wait', wait, ['--timeout', '10000h', 'c1'], answers)
  assert.equal(code, undefined)
  assert.equal(stdout, '3\n')
})

test('a negative time is refused before anything is asked', async (t) => {
  const waited = await runCommand(t, 'wait', wait, ['--timeout=-1s', 'c1'], {})
  assert.match(String(waited.code), /invalid argument "-1s" for "--timeout" flag: must not be negative/)
  const words = ['-d', '--wait', '--wait-timeout=-1s', 'busybox']
  const started = await runCommand(t, 'run', run, words, {})
  assert.match(String(started.code), /invalid argument "-1s" for "--wait-timeout" flag: must not be negative/)
  assert.deepEqual([...waited.routes, ...started.routes], [])
})

test('an answer in Docker’s words names no state: it is the one that was waited for', async (t) => {
  const answers = { '/_ping': ping, '/containers/c1/wait': ended }
  const { stdout } = await runCommand(t, 'wait', wait, ['--state', 'removed', 'c1'], answers)
  assert.equal(stdout, 'removed\n')
})
