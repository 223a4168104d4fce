import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { createInterface } from 'node:readline'
import { test } from 'node:test'
import { until } from '../../test/until.ts'
import { identify, isRunning, processStatus, signalProcess, signalProcessGroup } from './process.ts'

const SIGTERM = 15

test('a process is named by its pid and its start, and a reused pid is not it', async (t) => {
  const child = spawn('sleep', ['1000'], { stdio: 'ignore' })
  t.after(() => child.kill('SIGKILL'))
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

test('a group is signalled only where it belongs to a session of its own', async (t) => {
  const script = 'sleep 1000 & echo $!; wait'
  const child = spawn('setsid', ['sh', '-c', script], { stdio: ['ignore', 'pipe', 'ignore'] })
  t.after(() => child.kill('SIGKILL'))
  const ended = new Promise((resolve) => child.once('exit', resolve))
  const pid = await new Promise<number>((resolve) =>
    child.stdout.once('data', (text) => resolve(Number(text))),
  )
  const member = await identify(pid)
  assert.ok(member)
  const status = await processStatus(pid)
  assert.equal(status?.group, status?.session)
  assert.equal(signalProcessGroup(member, SIGTERM), true)
  await ended
  await until('the member to end', async () => !(await isRunning(member)))
  assert.equal(signalProcessGroup(member, SIGTERM), false)

  // A shell with job control gives its jobs groups, but no sessions. Whoever waits for this one goes on.
  const job = "sh -c 'sleep 1000 & echo $!; wait; echo went on'"
  const shell = spawn('setsid', ['bash', '-c', `set -m; ${job} & wait`], {
    stdio: ['ignore', 'pipe', 'ignore'],
  })
  t.after(() => shell.kill('SIGKILL'))
  const lines = createInterface(shell.stdout)[Symbol.asyncIterator]()
  const identity = await identify(Number((await lines.next()).value))
  assert.ok(identity)
  const inner = await processStatus(identity.pid)
  assert.notEqual(inner?.group, inner?.session)
  assert.equal(signalProcessGroup(identity, SIGTERM), true)
  assert.equal((await lines.next()).value, 'went on')
})
