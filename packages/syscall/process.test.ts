import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { test } from 'node:test'
import { identify, isRunning, processStatus, signalProcess } from './process.ts'

const SIGTERM = 15

test('a process is named by its pid and its start, and a reused pid is not it', async () => {
  const child = spawn('sleep', ['1000'], { stdio: 'ignore' })
  const ended = new Promise((resolve) => child.once('exit', resolve))
  const identity = await identify(child.pid ?? 0)
  assert.ok(identity)
  assert.equal((await processStatus(identity.pid))?.parent, process.pid)
  const impostor = { ...identity, startTime: '1' }
  assert.deepEqual([await isRunning(identity), await isRunning(impostor)], [true, false])
  assert.equal(signalProcess(impostor, SIGTERM), false)
  assert.equal(await isRunning(identity), true)
  assert.equal(signalProcess(identity, SIGTERM), true)
  await ended
  assert.equal(await isRunning(identity), false)
  assert.equal(signalProcess(identity, SIGTERM), false)
  assert.equal(await identify(identity.pid), null)
  assert.equal(await identify(0), null)
})
