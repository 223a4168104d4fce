import assert from 'node:assert/strict'
import { existsSync, readdirSync } from 'node:fs'
import { appendFile, mkdtemp, readFile, rename, rm, stat, truncate, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { gunzipSync } from 'node:zlib'
import { GantryError } from '@gantry/errors'
import { until } from '../../../test/until.ts'
import { makeBench } from '../testing.ts'
import { RecordScanner } from './cri.ts'
import { LogFiles, type LogState } from './files.ts'
import { readLog } from './read-log.ts'
import { LogRotation, type RotationLimits, type RotationParts, rotationSteps } from './rotate.ts'
import { SizeWatch } from './size-watch.ts'

const unlimited: RotationLimits = {
  maxBytes: Number.POSITIVE_INFINITY,
  maxFiles: Number.POSITIVE_INFINITY,
  compress: false,
}

interface Kept {
  files: LogFiles
  rotation: LogRotation
  path: string
  state(): LogState | undefined
  /** A rotation as a later daemon would build it, on the same files and rows. */
  again(): Kept
  names(): string[]
}

function keep(path: string, changes: Partial<RotationParts> = {}, state?: LogState): Kept {
  const files = new LogFiles(path, state)
  let row = state
  const parts: RotationParts = {
    files,
    limits: unlimited,
    record: (written) => {
      row = written
    },
    needed: () => Number.POSITIVE_INFINITY,
    faults: () => {},
    ...changes,
  }
  return {
    files,
    path,
    rotation: new LogRotation(parts),
    state: () => row,
    again: () => keep(path, { ...changes, faults: () => {} }, row),
    names: () => readdirSync(join(path, '..')).sort(),
  }
}

async function directory(t: TestContext): Promise<string> {
  const path = await mkdtemp(join(tmpdir(), 'gantry-rotate-'))
  t.after(() => rm(path, { recursive: true }))
  return path
}

/** What conmon does when it is asked. */
function writerOf(path: string): () => Promise<boolean> {
  return async () => {
    await writeFile(`${path}.tmp`, '')
    await rename(`${path}.tmp`, path)
    return true
  }
}

const record = (text: string) => `2024-01-01T00:00:00.000000001+00:00 stdout F ${text}\n`

async function textOf(files: LogFiles): Promise<string> {
  const { stdout, stderr } = await streamsOf(readLog(files, {}, Promise.resolve()))
  return stdout + stderr
}

/** What conmon reads first of the two is by chance. */
async function streamsOf(blocks: AsyncIterable<{ bytes: Buffer }>) {
  const texts = { stdout: '', stderr: '' }
  for await (const { bytes } of blocks) {
    const records = new RecordScanner(bytes)
    while (records.next()) texts[records.stream] += records.data
  }
  return texts
}

test('older files are compressed, the oldest go', async (t) => {
  const path = join(await directory(t), 'log')
  const kept = keep(path, { limits: { maxBytes: 1, maxFiles: 3, compress: true } })
  for (let n = 1; n <= 4; n++) {
    await appendFile(path, record(String(n)))
    assert.equal(await kept.rotation.rotate(writerOf(path)), true)
    await kept.rotation.tidy()
  }
  await appendFile(path, record('5'))
  assert.deepEqual(kept.names(), ['log', 'log.3.gz', 'log.4.gz'])
  assert.equal(String(gunzipSync(await readFile(`${path}.4.gz`))), record('4'))
  assert.equal((await stat(`${path}.4.gz`)).mode & 0o777, 0o600)
  assert.deepEqual(kept.state(), { rotated: 4 })
  assert.equal(await textOf(kept.files), '3\n4\n5\n')
})

test('a single file is emptied', async (t) => {
  const path = join(await directory(t), 'log')
  const kept = keep(path, { limits: { maxBytes: 1, maxFiles: 1, compress: false } })
  await appendFile(path, record('1'))
  await kept.rotation.rotate(writerOf(path))
  await kept.rotation.tidy()
  assert.deepEqual(kept.names(), ['log'])
  assert.equal(await textOf(kept.files), '')
})

test('what must still be read is neither removed nor compressed', async (t) => {
  const path = join(await directory(t), 'log')
  let needed = 2
  const limits = { maxBytes: 1, maxFiles: 2, compress: true }
  const kept = keep(path, { limits, needed: () => needed })
  for (let n = 1; n <= 4; n++) {
    await appendFile(path, record(String(n)))
    await kept.rotation.rotate(writerOf(path))
    await kept.rotation.tidy()
  }
  assert.deepEqual(kept.names(), ['log', 'log.2', 'log.3', 'log.4'])
  needed = 4
  await kept.rotation.tidy()
  assert.deepEqual(kept.names(), ['log', 'log.4'])
  needed = 5
  await kept.rotation.clear(writerOf(path))
  assert.deepEqual(kept.names(), ['log', 'log.5'])
  assert.equal(await textOf(kept.files), '')
  needed = 6
  await kept.rotation.tidy()
  assert.deepEqual(kept.names(), ['log'])
  assert.deepEqual(kept.state(), { rotated: 5, cleared: 5 })
})

test('clearing empties what readers see, with and without a writer', async (t) => {
  const path = join(await directory(t), 'log')
  const kept = keep(path)
  assert.equal(await kept.rotation.clear(null), true)
  await appendFile(path, record('1'))
  await kept.rotation.rotate(writerOf(path))
  await appendFile(path, record('2'))
  await kept.rotation.clear(writerOf(path))
  assert.equal(await textOf(kept.files), '')
  await appendFile(path, record('3'))
  assert.equal(await textOf(kept.files), '3\n')
  assert.equal(await textOf(kept.again().files), '3\n')
  await kept.rotation.clear(null)
  assert.deepEqual(kept.names(), ['log'])
  assert.equal(await textOf(kept.files), '')
})

for (const step of rotationSteps) {
  for (const running of [true, false]) {
    test(`interrupted at ${step}, ${running ? 'with' : 'without'} the writer, it is finished later`, async (t) => {
      const path = join(await directory(t), 'log')
      const dies = new GantryError('System', 'died')
      const kept = keep(path, {
        limits: { maxBytes: 1, maxFiles: 5, compress: true },
        faults: (reached) => {
          if (reached === step) throw dies
        },
      })
      await appendFile(path, record('1'))
      await assert.rejects(
        kept.rotation.rotate(writerOf(path)).then(() => kept.rotation.tidy()),
        (error) => error === dies,
      )
      // Until it has another file, the writer goes on with the one that it has open.
      await appendFile(existsSync(path) ? path : `${path}.1`, record('2'))
      const later = kept.again()
      await later.rotation.recover(kept.state() ?? { rotated: 0 }, running ? writerOf(path) : null)
      assert.equal(await textOf(later.files), '1\n2\n')
      assert.ok(!later.names().some((name) => name.endsWith('.tmp')), String(later.names()))
      await later.rotation.rotate(running ? writerOf(path) : null)
      await later.rotation.tidy()
      assert.equal(await textOf(later.files), '1\n2\n')
      assert.equal(later.state()?.rotating, undefined)
      assert.ok(later.names().every((name) => name === 'log' || name.endsWith('.gz')))
    })
  }
}

test('a compression that is stopped leaves the file as it was', async (t) => {
  const path = join(await directory(t), 'log')
  // So much that nobody is done with it before it is stopped.
  await writeFile(path, '')
  await truncate(path, 2 ** 40)
  const kept = keep(path, { limits: { ...unlimited, compress: true } })
  await kept.rotation.rotate(null)
  const tidying = kept.rotation.tidy()
  while (kept.names().length === 2) await sleep(1)
  await kept.rotation.stop()
  await tidying
  assert.deepEqual(kept.names(), ['log', 'log.1'])
})

test('no room for a new file: the writer is left alone', async (t) => {
  const path = join(await directory(t), 'log')
  await writeFile(path, record('1'))
  // In the place where the new file would be made.
  await import('node:fs/promises').then(({ mkdir }) => mkdir(`${path}.tmp`))
  const kept = keep(path)
  await assert.rejects(
    kept.rotation.rotate(() => assert.fail('asked')),
    { code: 'EISDIR' },
  )
  assert.equal(kept.files.current, 1)
  assert.equal(await textOf(kept.files), '1\n')
})

test('a writer that ended before it noticed leaves a whole log', async (t) => {
  const path = join(await directory(t), 'log')
  await writeFile(path, record('1'))
  const kept = keep(path)
  const gone = () => Promise.reject(new GantryError('Conflict', 'container is not running'))
  assert.equal(await kept.rotation.rotate(gone), true)
  assert.deepEqual(kept.names(), ['log', 'log.1'])
  assert.equal(await textOf(kept.files), '1\n')
})

test('a file that reaches its size is noticed, again and again', async (t) => {
  const path = join(await directory(t), 'log')
  using sizes = new SizeWatch()
  let calls = 0
  const { promise, resolve } = Promise.withResolvers<void>()
  await writeFile(path, 'four')
  const end = sizes.add(path, 4, async () => {
    // The first try fails, the second is not done yet, the third empties it; then it fills up once more.
    if (++calls === 1) throw new Error('try again')
    if (calls === 3) await writeFile(path, '').then(() => setTimeout(() => void writeFile(path, 'five'), 50))
    if (calls === 4) resolve()
    return calls > 2
  })
  await promise
  end()
})

function firstDifference(a: string, b: string): { at: number; found: string; wanted: string } | null {
  if (a === b) return null
  let at = 0
  while (a[at] === b[at]) at++
  return { at, found: a.slice(at - 30, at + 60), wanted: b.slice(at - 30, at + 60) }
}

test('conmon goes on with new files under fire: no line is lost, doubled or torn', async (t) => {
  const bench = await makeBench(t)
  const task = await bench.create(['sh', '-c', 'seq 1 500000; seq 500001 1000000 >&2'])
  const path = join(bench.directory, 'containers', task.id, 'log')
  const kept = keep(path, { limits: { maxBytes: 1, maxFiles: 10_000, compress: true } })
  const { promise: ended, resolve: end } = Promise.withResolvers<void>()
  const following = streamsOf(readLog(kept.files, { follow: true }, ended))
  await task.start()
  let running = true
  void task.exit.then(() => {
    running = false
  })
  while (running) {
    await kept.rotation.rotate(() => task.reopenLog())
    void kept.rotation.tidy()
    await sleep(10)
  }
  await kept.rotation.end()
  await kept.rotation.tidy()
  end()
  const { stdout, stderr } = await following
  await task.delete()
  const expected = Array.from({ length: 1_000_000 }, (_, n) => `${n + 1}\n`).join('')
  assert.equal(firstDifference(await textOf(kept.files), expected), null, 'the files')
  assert.equal(firstDifference(stdout + stderr, expected), null, 'the follower')
  const rotated = await kept.files.rotated()
  assert.ok(rotated.length >= 2, `${rotated.length} rotations`)
  assert.deepEqual(
    rotated,
    [...rotated.keys()].map((n) => n + 1),
  )
})

test('a conmon that is held back is not asked twice, and goes on later', async (t) => {
  const bench = await makeBench(t)
  const task = await bench.create(['sh', '-c', 'echo before; sleep 1; echo after; sleep 100'])
  const path = join(bench.directory, 'containers', task.id, 'log')
  await task.start()
  await until('the first line', async () => (await readFile(path, 'utf8')).includes('before'))
  const monitor = Number(await readFile(join(bench.bundle(task), 'conmon.pid'), 'utf8'))
  process.kill(monitor, 'SIGSTOP')
  const kept = keep(path)
  let asked = false
  const first = kept.rotation.rotate(async () => {
    asked = await task.reopenLog()
    return asked
  })
  await until('the request', () => asked)
  // As a daemon does that was killed at this point: conmon has one request waiting.
  const later = kept.again()
  const recovered = later.rotation.recover({ rotated: 0, rotating: 1 }, () => task.reopenLog())
  await sleep(1200)
  process.kill(monitor, 'SIGCONT')
  await recovered
  assert.equal(await first, true)
  await until('the second line', async () => (await textOf(later.files)).includes('after'))
  assert.equal(await textOf(later.files), 'before\nafter\n')
  assert.deepEqual(
    later.names().filter((name) => name.startsWith(basename(path))),
    ['log', 'log.1'],
  )
  await task.kill(9)
  await task.exit
  await task.delete()
})
