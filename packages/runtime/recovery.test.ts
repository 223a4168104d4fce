import assert from 'node:assert/strict'
import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { access, glob, mkdir, readFile, rename, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { createInterface } from 'node:readline'
import { type TestContext, test } from 'node:test'
import { until } from '../../test/until.ts'
import { type Bench, collect, makeBench, newId } from './testing.ts'

const SIGKILL = 9

interface Daemon {
  child: ChildProcess
  next(): Promise<string[]>
  kill(): Promise<void>
}

/** Another daemon over the bench's directory, which does not outlive the test. */
function spawnDaemon(t: TestContext, bench: Bench, steps: string, command: string[]): Daemon {
  const program = join(import.meta.dirname, 'testing-daemon.ts')
  const child = spawn(process.execPath, [program, bench.directory, steps, ...command], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  t.after(() => child.kill('SIGKILL'))
  const lines = createInterface({ input: child.stdout as NonNullable<typeof child.stdout> })[
    Symbol.asyncIterator
  ]()
  return {
    child,
    next: async () => String((await lines.next()).value).split(' '),
    async kill() {
      if (child.exitCode !== null || child.signalCode !== null) return
      const ended = new Promise((resolve) => child.once('exit', resolve))
      child.kill('SIGKILL')
      await ended
    },
  }
}

const isAlive = (pid: number) =>
  access(`/proc/${pid}`).then(
    () => true,
    () => false,
  )

test('a container goes on without its daemon, and the next one has its output, its stdin and its end', async (t) => {
  const bench = await makeBench(t)
  const command = ['sh', '-c', 'while true; do echo tick; sleep 0.02; done & read x; echo "<$x>"; exit 7']
  const daemon = spawnDaemon(t, bench, 'start', command)
  const [, id = ''] = await daemon.next()
  await daemon.next()
  await daemon.kill()
  const task = await bench.runtime.load(id)
  assert.ok(task)
  const before = (await bench.log(task)).length
  await until('more output', async () => (await bench.log(task)).length > before)
  assert.equal(await task.hasStarted(), true)
  const attachment = await task.attach()
  await new Promise((resolve) => attachment.output.once('readable', resolve))
  attachment.stdin.write('hello\n')
  assert.match((await collect(attachment)).stdout, /tick\n.*<hello>\n/s)
  assert.equal((await task.exit).exitCode, 7)
  await task.delete()
})

test('an exit without a daemon is not lost, nor its time', async (t) => {
  const bench = await makeBench(t)
  const daemon = spawnDaemon(t, bench, 'start', ['sh', '-c', 'sleep 0.3; exit 5'])
  const [, id = '', pid = ''] = await daemon.next()
  await daemon.next()
  await daemon.kill()
  await until('the process to end', async () => !(await isAlive(Number(pid))))
  await until('the exit to be recorded', () => existsSync(join(bench.directory, 'exec', 'exits', id)))
  const endedBefore = Date.now()
  await new Promise((resolve) => setTimeout(resolve, 200))
  await bench.restart()
  const task = await bench.runtime.load(id)
  assert.ok(task)
  const { exitCode, finishedAt } = await task.exit
  assert.equal(exitCode, 5)
  assert.ok(finishedAt.getTime() <= endedBefore)
  await task.delete()
})

test('a container that was created but not started can be started by the next daemon', async (t) => {
  const bench = await makeBench(t)
  const daemon = spawnDaemon(t, bench, '', ['sh', '-c', 'exit 4'])
  const [, id = ''] = await daemon.next()
  await daemon.kill()
  const task = await bench.runtime.load(id)
  assert.equal(await task?.hasStarted(), false)
  await task?.start()
  assert.equal((await task?.exit)?.exitCode, 4)
  await task?.delete()
})

/** A task whose daemon was killed just when it had let the process go. */
async function letGo(t: TestContext, command: string[]) {
  const bench = await makeBench(t)
  const daemon = spawnDaemon(t, bench, 'start', command)
  const [, id = ''] = await daemon.next()
  await daemon.next()
  await daemon.kill()
  // What that daemon would have removed next.
  const [state = ''] = await Array.fromAsync(glob(join(bench.directory, '**', id, 'status')))
  const fifo = join(dirname(state), 'exec.fifo.used')
  execFileSync('mkfifo', [fifo])
  const load = async () => {
    const task = await bench.runtime.load(id)
    assert.ok(task)
    return task
  }
  return { bench, id, fifo, load }
}

test('a container whose daemon was killed right after it had let the process go has started', async (t) => {
  const { fifo, load } = await letGo(t, ['sleep', '1000'])
  const task = await load()
  assert.equal(await task.hasStarted(), true)
  assert.equal(existsSync(fifo), false)
  await task.kill(SIGKILL)
  await task.exit
  await task.delete()
})

test('the exit code of a process that ended before its daemon had recorded its start is known', async (t) => {
  const { bench, id, load } = await letGo(t, ['sh', '-c', 'exit 7'])
  await until('the exit to be recorded', () => existsSync(join(bench.directory, 'exec', 'exits', id)))
  await bench.restart()
  const task = await load()
  assert.equal(await task.hasStarted(), true)
  assert.equal((await task.exit).exitCode, 7)
  await task.delete()
})

test('a container whose daemon was killed just before it let the process go can still be started', async (t) => {
  const bench = await makeBench(t)
  const daemon = spawnDaemon(t, bench, '', ['sh', '-c', 'exit 4'])
  const [, id = ''] = await daemon.next()
  await daemon.kill()
  const [fifo = ''] = await Array.fromAsync(glob(join(bench.directory, '**', id, 'exec.fifo')))
  await rename(fifo, `${fifo}.used`)
  const task = await bench.runtime.load(id)
  assert.equal(await task?.hasStarted(), false)
  await task?.start()
  assert.equal((await task?.exit)?.exitCode, 4)
  await task?.delete()
})

test('killed at any moment of a create, a daemon leaves nothing that cannot be found and purged', async (t) => {
  const bench = await makeBench(t)
  for (const delay of [150, 200, 220, 240, 260, 280, 300, 350]) {
    const daemon = spawnDaemon(t, bench, 'start', ['sleep', '1000'])
    await new Promise((resolve) => setTimeout(resolve, delay))
    await daemon.kill()
    for (const id of await bench.runtime.leftovers()) await bench.runtime.purge(id)
    await bench.assertNothingLeft()
  }
})

test('purge takes a running container away, and is idempotent', async (t) => {
  const bench = await makeBench(t)
  const task = await bench.create(['sleep', '1000'])
  await task.start()
  const exec = await task.exec({
    id: newId(),
    process: { user: { uid: 0, gid: 0 }, args: ['sleep', '1000'], env: [], cwd: '/' },
    stdio: { terminal: false, stdin: 'none' },
    attach: false,
  })
  assert.ok(exec.pid > 0)
  await bench.runtime.purge(task.id)
  await bench.runtime.purge(task.id)
  assert.equal((await task.exit).exitCode, 128 + SIGKILL)
  await exec.exit
  await bench.assertNothingLeft()
})

test('half-made remains are found by their bundle, their exit or their cgroup', async (t) => {
  const bench = await makeBench(t)
  const [a, b] = [newId(), newId()]
  await mkdir(join(bench.directory, 'exec', 'tasks', a, 'rootfs'), { recursive: true })
  const tree = await access('/sys/fs/cgroup/pids').then(
    () => '/sys/fs/cgroup/pids',
    () => '/sys/fs/cgroup',
  )
  await mkdir(join(tree, bench.cgroupParent, b), { recursive: true })
  assert.deepEqual((await bench.runtime.leftovers()).sort(), [a, b].sort())
  assert.equal(await bench.runtime.load(a), null)
  for (const id of [a, b, newId()]) await bench.runtime.purge(id)
  await bench.assertNothingLeft()
})

test('when conmon is killed its container is ended, and that is recorded', async (t) => {
  const bench = await makeBench(t)
  const task = await bench.create(['sleep', '1000'])
  await task.start()
  const { pid } = task
  process.kill(Number(await readFile(join(bench.bundle(task), 'conmon.pid'), 'utf8')), SIGKILL)
  assert.equal((await task.exit).exitCode, 128 + SIGKILL)
  await until('the process to end', async () => !(await isAlive(pid)))
  await task.delete()
})

test('a record of another boot is nobody’s', async (t) => {
  const bench = await makeBench(t)
  const task = await bench.create(['true'])
  const path = join(bench.bundle(task), 'task.json')
  const record = await readFile(path, 'utf8')
  await writeFile(path, record.replace(/"boot":"[^"]*"/, '"boot":"another"'))
  assert.equal(await bench.runtime.load(task.id), null)
  await writeFile(path, record)
  await bench.finish(task)
  assert.equal(await bench.runtime.load(task.id), null)
})
