import assert from 'node:assert/strict'
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { isKind } from '@gantry/errors'
import { withFewDescriptors } from '../../test/descriptors.ts'
import { until } from '../../test/until.ts'
import { type MonitorRequest, spawnMonitor } from './conmon.ts'
import type { ExecOptions, Task } from './contracts.ts'
import { ProcessStartError } from './errors.ts'
import { findMonitor } from './exec-process.ts'
import { OciRuntime } from './oci-runtime.ts'
import { specText } from './oci-spec.ts'
import { ProcessPaths } from './paths.ts'
import { findProgram } from './probe/programs.ts'
import { type Bench, collect, makeBench, newId, testProcess } from './testing.ts'

const SIGKILL = 9
const SIGTERM = 15

const waitForSize = 'until [ "$(stty size 2>/dev/null)" = "12 34" ]; do sleep 0.01; done; stty size'

const options = (args: string[], stdio: Partial<ExecOptions['stdio']> = {}, attach = true): ExecOptions => ({
  id: newId(),
  process: testProcess(args),
  stdio: { terminal: false, stdin: 'none', ...stdio },
  attach,
})

for (const program of ['crun', 'runc'] as const) {
  test(`${program}: execs have their own output, input, terminal and exit code`, async (t) => {
    const bench = await makeBench(t, { program })
    const task = await bench.create(['sleep', '1000'])
    await task.start()
    for (let round = 0; round < 5; round++) {
      const quick = await task.exec(options(['sh', '-c', 'echo a; echo b >&2; exit 9']))
      assert.ok(quick.attachment)
      assert.deepEqual(await collect(quick.attachment), { stdout: 'a\n', stderr: 'b\n' })
      assert.equal((await quick.exit).exitCode, 9)
    }
    const cat = await task.exec(options(['cat'], { stdin: 'once' }))
    cat.attachment?.stdin.end('x'.repeat(100_000))
    assert.ok(cat.attachment)
    assert.equal((await collect(cat.attachment)).stdout.length, 100_000)
    const size = { rows: 12, columns: 34 }
    const terminal = await task.exec(
      options(['sh', '-c', waitForSize], { terminal: true, stdin: 'once', consoleSize: size }),
    )
    assert.ok(terminal.attachment)
    assert.equal((await collect(terminal.attachment)).stdout, '12 34\r\n')
    assert.equal((await terminal.exit).exitCode, 0)
    assert.deepEqual(await readdir(join(bench.bundle(task), 'execs')), [])
    await task.kill(SIGKILL)
    await task.exit
    await task.delete()
  })

  test(`${program}: an exec that cannot run says why, with the shell’s code, and leaves nothing`, async (t) => {
    const bench = await makeBench(t, { program })
    const task = await bench.create(['sleep', '1000'])
    await task.start()
    const frame = 'OCI runtime exec failed: exec failed: unable to start container process: '
    for (const [command, reason, code] of [
      ['nosuchcmd', 'exec: "nosuchcmd": executable file not found in $PATH', 127],
      ['/etc', 'exec: "/etc": permission denied', 126],
    ] as const) {
      for (const attach of [true, false]) {
        await assert.rejects(task.exec(options([command], {}, attach)), (error) => {
          assert.ok(error instanceof ProcessStartError)
          assert.deepEqual([error.message, error.exitCode], [`${frame}${reason}: unknown`, code])
          return true
        })
      }
    }
    assert.deepEqual(await readdir(join(bench.bundle(task), 'execs')), [])
    await task.kill(SIGKILL)
    await task.exit
    await task.delete()
  })

  test(`${program}: CVE-2024-21626: an exec sees descriptors 0 to 2`, async (t) => {
    const bench = await makeBench(t, { program })
    const task = await bench.create(['sleep', '1000'])
    await task.start()
    const { attachment } = await task.exec(options(['ls', '-l', '/proc/self/fd', '/proc/self/cwd']))
    assert.ok(attachment)
    const { stdout } = await collect(attachment)
    const numbers = [...stdout.matchAll(/ (\d+) -> (\S+)/g)].filter(
      ([, , target]) => !target?.startsWith('/proc'),
    )
    assert.deepEqual(
      numbers.map(([, number]) => Number(number)),
      [0, 1, 2],
    )
    assert.match(stdout, /\/proc\/self\/cwd -> \/\n/)
    await task.kill(SIGKILL)
    await task.exit
    await task.delete()
  })
}

test('a detached exec runs without a client and can be killed', async (t) => {
  const bench = await makeBench(t)
  const task = await bench.create(['sleep', '1000'])
  await task.start()
  const exec = await task.exec(options(['sleep', '1000'], {}, false))
  assert.equal(exec.attachment, null)
  assert.ok((await task.processes()).includes(exec.pid))
  await exec.kill(SIGTERM)
  assert.equal((await exec.exit).exitCode, 128 + SIGTERM)
  await assert.rejects(exec.kill(SIGTERM), (error) => isKind(error, 'Conflict'))
  await task.kill(SIGKILL)
  await task.exit
  await task.delete()
})

test('an exec in a directory that is not absolute is refused, as by runc', async (t) => {
  const bench = await makeBench(t)
  const task = await bench.create(['sleep', '1000'])
  await task.start()
  const message = 'OCI runtime exec failed: exec failed: Cwd must be an absolute path: unknown'
  const { process, ...rest } = options(['true'])
  const relative = { ...rest, process: { ...process, cwd: 'tmp' } }
  await assert.rejects(task.exec(relative), { message, exitCode: 126 })
  assert.deepEqual(await readdir(join(bench.bundle(task), 'execs')), [])
  await task.kill(SIGKILL)
  await task.exit
  await task.delete()
})

/** What conmon is spawned with for an exec of `sleep 1000` whose client joins it. */
async function monitorRequest(bench: Bench, task: Task): Promise<MonitorRequest> {
  const { id, process: spec } = options(['sleep', '1000'])
  const paths = new ProcessPaths(join(bench.bundle(task), 'execs', id))
  await mkdir(paths.exits, { recursive: true })
  await writeFile(paths.processSpec, specText(spec))
  const program = {
    name: 'crun',
    path: (await findProgram('crun')) ?? '',
    kind: 'crun',
    version: '',
  } as const
  return {
    conmon: (await findProgram('conmon')) ?? '',
    runtime: new OciRuntime(program, join(bench.directory, 'exec', 'oci', 'crun')),
    containerId: task.id,
    paths,
    exitDirectory: paths.exits,
    stdio: { terminal: false, stdin: 'none', logPath: null },
    exec: { id, attach: true },
  }
}

test('a process whose client cannot join it is not started', async (t) => {
  const bench = await makeBench(t)
  const task = await bench.create(['sleep', '1000'])
  await task.start()
  const request = await monitorRequest(bench, task)
  const noDescriptor = new Error('too many open files')
  await assert.rejects(
    spawnMonitor(request, () => Promise.reject(noDescriptor)),
    noDescriptor,
  )
  await until('conmon is gone', async () => (await findMonitor(request.paths)) === null)
  assert.deepEqual(await task.processes(), [task.pid])
  await task.kill(SIGKILL)
  await task.exit
  await task.delete()
})

test('pipes that are opened before descriptors run out are closed again', async (t) => {
  const bench = await makeBench(t)
  const task = await bench.create(['sleep', '1000'])
  const request = await monitorRequest(bench, task)
  // All pipes and what stands for no input are nine, and six of them are passed on as copies.
  await withFewDescriptors(15, () => assert.rejects(spawnMonitor(request), { message: /EMFILE/ }))
  await bench.runtime.purge(task.id)
})

test('an exec ends with its container', async (t) => {
  const bench = await makeBench(t)
  const task = await bench.create(['sleep', '1000'])
  await task.start()
  const exec = await task.exec(options(['sleep', '1000'], {}, false))
  await task.kill(SIGKILL)
  await task.exit
  assert.equal((await exec.exit).exitCode, 128 + SIGKILL)
  await task.delete()
  await assert.rejects(task.exec(options(['true'])), (error) => isKind(error, 'Conflict'))
})

test('CVE-2022-23471: many execs leave no descriptors and no directories', async (t) => {
  const bench = await makeBench(t)
  const task = await bench.create(['sleep', '1000'])
  await task.start()
  const descriptors = async () => (await readdir('/proc/self/fd')).length
  const before = await descriptors()
  for (let round = 0; round < 10; round++) {
    await Promise.all(
      Array.from({ length: 4 }, async (_, n) => {
        const exec = await task.exec(options(['echo', 'x'], {}, n % 2 === 0))
        if (n === 2) exec.attachment?.close()
        await exec.exit
      }),
    )
  }
  await until('the descriptors to be closed', async () => (await descriptors()) <= before + 2)
  assert.deepEqual(await readdir(join(bench.bundle(task), 'execs')), [])
  await task.kill(SIGKILL)
  await task.exit
  await task.delete()
})

test('execs of an earlier daemon are found: what runs, what has ended, and not what never ran', async (t) => {
  const bench = await makeBench(t, { program: 'crun' })
  const task = await bench.create(['sleep', '1000'])
  await task.start()
  const running = await task.exec(options(['sh', '-c', 'sleep 1000 & wait'], {}, false))
  const killed = await task.exec(options(['sleep', '1000'], {}, false))
  const execs = join(bench.bundle(task), 'execs')
  const [ended, never] = [newId(), newId()]
  await mkdir(join(execs, ended, 'exits'), { recursive: true })
  await writeFile(join(execs, ended, 'exits', task.id), '9')
  await mkdir(join(execs, never))

  await bench.restart()
  const loaded = await bench.runtime.load(task.id)
  assert.ok(loaded)
  const found = new Map((await loaded.loadExecs()).map((exec) => [exec.id, exec]))
  assert.deepEqual([...found.keys()].sort(), [running.id, ended, killed.id].sort())
  assert.equal((await found.get(ended)?.exit)?.exitCode, 9)
  assert.equal(found.get(running.id)?.pid, running.pid)
  await found.get(running.id)?.kill(SIGKILL, { group: true })
  assert.equal((await found.get(running.id)?.exit)?.exitCode, 137)
  // A conmon that is killed leaves no record.
  const monitor = Number(await readFile(join(execs, killed.id, 'conmon.pid'), 'utf8'))
  process.kill(monitor, SIGKILL)
  assert.equal((await found.get(killed.id)?.exit)?.exitCode, 255)
  await until('the records of the execs to go', async () => (await readdir(execs)).length === 0)
  await loaded.kill(SIGKILL)
  await loaded.exit
  await loaded.delete()
})
