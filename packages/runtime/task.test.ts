import assert from 'node:assert/strict'
import { readFile, writeFile } from 'node:fs/promises'
import { test } from 'node:test'
import { isKind } from '@gantry/errors'
import { until } from '../../test/until.ts'
import { ProcessStartError } from './errors.ts'
import type { OciSpec } from './oci-spec.ts'
import { findProgram } from './probe/programs.ts'
import { SealedPrograms } from './sealed-programs.ts'
import { collect, makeBench } from './testing.ts'

const SIGKILL = 9
const SIGTERM = 15

for (const program of ['crun', 'runc'] as const) {
  test(`${program}: a container runs, ends with its code, and leaves nothing but its log`, async (t) => {
    const bench = await makeBench(t, { program })
    const task = await bench.create(['sh', '-c', 'echo out; echo err >&2; exit 3'])
    assert.ok(task.pid > 0)
    assert.equal(await task.hasStarted(), false)
    await task.start()
    const { exitCode, finishedAt, oomKilled } = await task.exit
    assert.deepEqual([exitCode, oomKilled, task.pid], [3, false, 0])
    assert.ok(Math.abs(finishedAt.getTime() - Date.now()) < 60_000)
    assert.match(await bench.log(task), /^\S+ stdout F out\n\S+ stderr F err\n$/m)
    await task.delete()
    await task.delete()
    await bench.assertNothingLeft()
  })

  test(`${program}: a process may have fewer files than its start needs, and no more than the kernel allows`, async (t) => {
    const bench = await makeBench(t, { program })
    const limit = (soft: number, hard: number | bigint) => (spec: OciSpec) => {
      spec.process.rlimits = [{ type: 'RLIMIT_NOFILE', soft, hard }]
    }
    const task = await bench.create(['sh', '-c', 'ulimit -n; ulimit -Hn'], {}, limit(20, 40))
    assert.equal(await bench.finish(task), 0)
    assert.match(await bench.log(task), / 20\n.* 40\n$/s)
    const reason =
      /error setting rlimits for ready process: error setting rlimit type 7: operation not permitted/
    await assert.rejects(bench.create(['true'], {}, limit(20, 2n ** 63n)), reason)
    await bench.assertNothingLeft()
  })

  test(`${program}: what cannot be executed is said in Docker’s words, and leaves nothing`, async (t) => {
    const bench = await makeBench(t, { program })
    const frame = 'failed to create shim task: OCI runtime create failed: runc create failed: '
    const cases: [command: string, reason: string, code: number][] = [
      ['nosuchcmd', 'exec: "nosuchcmd": executable file not found in $PATH', 127],
      ['/no/such', 'exec: "/no/such": stat /no/such: no such file or directory', 127],
      ['/etc', 'exec: "/etc": permission denied', 126],
      ['/etc/plain', 'exec: "/etc/plain": permission denied', 126],
    ]
    for (const [command, reason, code] of cases) {
      await assert.rejects(bench.create([command]), (error) => {
        assert.ok(error instanceof ProcessStartError && isKind(error, 'InvalidParameter'))
        assert.equal(error.message, `${frame}unable to start container process: ${reason}: unknown`)
        assert.equal(error.exitCode, code)
        return true
      })
      await bench.assertNothingLeft()
    }
  })

  test(`${program}: signals, also to all processes, and 128 + n`, async (t) => {
    const bench = await makeBench(t, { program })
    const task = await bench.create(['sleep', '1000'])
    await task.start()
    assert.equal(await task.hasStarted(), true)
    await task.kill(SIGKILL)
    assert.equal((await task.exit).exitCode, 128 + SIGKILL)
    await assert.rejects(task.kill(SIGTERM), (error) => isKind(error, 'Conflict'))
    await task.delete()
    const shell = await bench.create(['sh', '-c', 'sleep 1000 & sleep 1000 & wait'])
    await shell.start()
    await until('the processes', async () => (await shell.processes()).length === 3)
    await shell.kill(SIGKILL, { all: true })
    assert.equal((await shell.exit).exitCode, 128 + SIGKILL)
    await shell.delete()
  })

  test(`${program}: a paused container does nothing, and can be killed`, async (t) => {
    const bench = await makeBench(t, { program })
    const task = await bench.create(['sh', '-c', 'while true; do echo x; sleep 0.01; done'])
    await task.start()
    await until('output', async () => (await bench.log(task)).length > 0)
    await task.pause()
    assert.equal(await task.isPaused(), true)
    // What it has written before, conmon may still be writing down.
    let before = 0
    await until('the output to rest', async () => {
      before = (await bench.log(task)).length
      await new Promise((resolve) => setTimeout(resolve, 200))
      return (await bench.log(task)).length === before
    })
    await task.resume()
    await until('output again', async () => (await bench.log(task)).length > before)
    await task.pause()
    await task.kill(SIGKILL)
    assert.equal((await task.exit).exitCode, 128 + SIGKILL)
    await task.delete()
  })

  test(`${program}: CVE-2024-21626: a container sees descriptors 0 to 2 and a directory of its own`, async (t) => {
    const bench = await makeBench(t, { program })
    const task = await bench.create(['ls', '-l', '/proc/self/fd', '/proc/self/cwd'])
    const attachment = await task.attach()
    await task.start()
    const { stdout } = await collect(attachment)
    const numbers = [...stdout.matchAll(/ (\d+) -> (\S+)/g)].map(([, number, target]) => [
      Number(number),
      target,
    ])
    // ls itself opens the directory that it lists.
    assert.deepEqual(
      numbers.filter(([, target]) => !String(target).startsWith('/proc')).map(([number]) => number),
      [0, 1, 2],
    )
    assert.match(stdout, /\/proc\/self\/cwd -> \/\n/)
    await task.exit
    await task.delete()
  })
}

test('a container that needs more memory than it may have is marked', async (t) => {
  const bench = await makeBench(t)
  const task = await bench.create(
    ['sh', '-c', 'head -c 200m /dev/zero | tail -c 199m | wc -c'],
    {},
    (spec) => {
      spec.linux.resources = { memory: { limit: 16 * 1024 * 1024 } }
    },
  )
  await task.start()
  assert.equal((await task.exit).oomKilled, true)
  await task.delete()
})

test('a container that was never started can be killed and removed', async (t) => {
  const bench = await makeBench(t)
  const task = await bench.create(['true'])
  await task.kill(SIGKILL)
  await task.exit
  await task.delete()
})

test('two tasks of one id are a conflict, and the first goes on', async (t) => {
  const bench = await makeBench(t)
  const task = await bench.create(['sleep', '1000'])
  await task.start()
  const again = bench.runtime.create({
    id: task.id,
    runtime: 'crun',
    spec: {
      ociVersion: '1.0.2',
      process: { user: { uid: 0, gid: 0 }, args: [], env: [], cwd: '/' },
      root: { path: '' },
      mounts: [],
      linux: {},
    },
    rootfs: { lower: [], upper: '', work: '' },
    stdio: { terminal: false, stdin: 'none', logPath: null },
  })
  await assert.rejects(again, (error) => isKind(error, 'Conflict'))
  assert.equal((await task.processes()).length, 1)
  await task.kill(SIGKILL)
  await task.exit
  await task.delete()
})

test('32 containers at once', async (t) => {
  const bench = await makeBench(t)
  const start = performance.now()
  const codes = await Promise.all(
    Array.from({ length: 32 }, async (_, n) => bench.finish(await bench.create(['sh', '-c', `exit ${n}`]))),
  )
  t.diagnostic(`${Math.round(performance.now() - start)} ms`)
  assert.deepEqual(
    codes,
    Array.from({ length: 32 }, (_, n) => n),
  )
})

test('CVE-2019-5736: the program that enters containers cannot be overwritten', async (t) => {
  const path = (await findProgram('crun')) ?? ''
  using copies = new SealedPrograms()
  const copy = copies.of({ name: 'crun', path, kind: 'crun', version: '' })
  assert.match(copy, /^\/proc\/\d+\/fd\/\d+$/)
  const before = await readFile(path)
  await assert.rejects(writeFile(copy, 'x'))
  const bench = await makeBench(t)
  const task = await bench.create(['sh', '-c', 'ls -l /proc/1/exe; echo x > /proc/1/exe'])
  const attachment = await task.attach()
  await task.start()
  assert.match((await collect(attachment)).stdout, /\/bin\/busybox\n/)
  await task.exit
  await task.delete()
  assert.ok((await readFile(path)).equals(before))
})
