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

test('a process is not taken for dead when there is no descriptor left to look at it', async () => {
  const script = `
    import { openSync } from 'node:fs'
    import { identify, isRunning } from '${import.meta.dirname}/process.ts'
    const self = await identify(process.pid)
    try { for (;;) openSync('/dev/null') } catch (error) { if (error.code !== 'EMFILE') throw error }
    const code = (error) => error.code
    process.stderr.write(JSON.stringify([await isRunning(self).catch(code), await identify(1).catch(code)]))
    process.exit(0)`
  const node = ['--input-type=module', '-e', script]
  const child = spawn('sh', ['-c', 'ulimit -n 100; exec "$0" "$@"', process.execPath, ...node], {
    stdio: ['ignore', 'ignore', 'pipe'],
  })
  let said = ''
  for await (const bytes of child.stderr) said += bytes
  assert.equal(said, '["EMFILE","EMFILE"]')
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
