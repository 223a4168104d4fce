import assert from 'node:assert/strict'
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdir, mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { identify, isRunning, type ProcessIdentity } from '@gantry/syscall'
import { ExitDirectory } from './exits.ts'
import { MonitorWatch } from './monitor-watch.ts'

async function exitDirectory(t: TestContext): Promise<ExitDirectory> {
  const directory = await mkdtemp(join(tmpdir(), 'gantry-exits-'))
  const exits = new ExitDirectory(directory)
  t.after(async () => {
    exits[Symbol.dispose]()
    await rm(directory, { recursive: true })
  })
  return exits
}

/** A process that lives as long as the test. */
async function living(t: TestContext): Promise<{ child: ChildProcess; identity: ProcessIdentity }> {
  const child = spawn('sleep', ['600'])
  t.after(() => child.kill('SIGKILL'))
  await once(child, 'spawn')
  const identity = await identify(child.pid as number)
  assert.ok(identity)
  return { child, identity }
}

async function ended(t: TestContext): Promise<ProcessIdentity> {
  const { child, identity } = await living(t)
  const exit = once(child, 'exit')
  child.kill('SIGKILL')
  await exit
  return identity
}

test('a run that began while an earlier one was looked into is left alone', async (t) => {
  const exits = await exitDirectory(t)
  const [gone, alive] = [await ended(t), (await living(t)).identity]
  t.mock.timers.enable({ apis: ['setInterval'] })
  using watch = new MonitorWatch(exits)
  void watch.exitOf('run', gone, gone, null)
  const lost = watch.exitOf('lost', gone, gone, null)
  t.mock.timers.tick(2000)
  // conmon's record has been read, and the container was started anew, while the watch was at it.
  watch.forget('run')
  let isOver = false
  void watch.exitOf('run', alive, alive, null).then(() => {
    isOver = true
  })
  assert.equal((await lost).exitCode, 255)
  await exits.rescan()
  assert.equal(await isRunning(alive), true)
  assert.equal(isOver, false)
  assert.equal(await exits.has('run'), false)
})

test('a record that cannot be read is not taken for none, nor written over', async (t) => {
  const exits = await exitDirectory(t)
  const gone = await ended(t)
  t.mock.timers.enable({ apis: ['setInterval'] })
  using watch = new MonitorWatch(exits)
  await mkdir(exits.pathOf('unreadable'))
  void watch.exitOf('unreadable', gone, gone, null)
  const lost = watch.exitOf('lost', gone, gone, null)
  t.mock.timers.tick(2000)
  assert.equal((await lost).exitCode, 255, 'others are looked at all the same')
  await assert.rejects(exits.has('unreadable'))
  assert.deepEqual(await readdir(exits.pathOf('unreadable')), [])
})
