import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readdir, readFile, rm, utimes, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { lockFile } from './lock-file.ts'

async function place(t: TestContext): Promise<string> {
  const directory = await mkdtemp('/tmp/gantry-lock-')
  t.after(() => rm(directory, { recursive: true, force: true }))
  return join(directory, 'lock')
}

/** Another command that has the lock, until it is killed. */
async function otherHolder(path: string): Promise<AsyncDisposable> {
  const module = new URL('./lock-file.ts', import.meta.url).href
  const script = `import { lockFile } from ${JSON.stringify(module)}
    await lockFile(${JSON.stringify(path)})
    process.stdout.write('held')
    setInterval(() => {}, 1000)`
  const child = spawn(process.execPath, ['--input-type=module', '-e', script], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const ended = once(child, 'exit')
  await Promise.race([once(child.stdout, 'data'), ended])
  return {
    async [Symbol.asyncDispose]() {
      child.kill('SIGKILL')
      await ended
    },
  }
}

test('one at a time', { timeout: 60_000 }, async (t) => {
  const path = await place(t)
  let [inside, most] = [0, 0]
  const work = Array.from({ length: 20 }, async () => {
    await using _lock = await lockFile(path)
    most = Math.max(most, ++inside)
    await readFile(path)
    inside--
  })
  await Promise.all(work)
  assert.equal(most, 1)
  assert.deepEqual(await readdir(join(path, '..')), [])
})

test('of a living command however long it takes, of a dead one at once', { timeout: 60_000 }, async (t) => {
  const path = await place(t)
  {
    await using _holder = await otherHolder(path)
    await utimes(path, 0, 0)
    await assert.rejects(lockFile(path, { patience: 200 }), /is held by another command/)
  }
  await using _lock = await lockFile(path, { patience: 10_000 })
})

test('of a command elsewhere as long as it says so', { timeout: 60_000 }, async (t) => {
  const path = await place(t)
  for (const holder of ['some-other-boot/pid:[1] 1 1', '']) {
    await writeFile(path, holder)
    await assert.rejects(lockFile(path, { patience: 200 }), /is held by another command/)
    await utimes(path, 0, 0)
    await using _lock = await lockFile(path, { patience: 10_000 })
  }
})
