import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { promisify } from 'node:util'
import { openContext } from './context-archive.ts'

const run = promisify(execFile)

async function* once(data: Buffer): AsyncGenerator<Buffer> {
  yield data
}

test('archives on standard input, in any format of tar, and Dockerfiles', { timeout: 60_000 }, async (t) => {
  const root = await mkdtemp('/tmp/gantry-context-')
  t.after(() => rm(root, { recursive: true, force: true }))
  await writeFile(join(root, 'Dockerfile'), 'FROM a\n')
  for (const format of ['v7', 'oldgnu', 'gnu', 'ustar', 'pax']) {
    const { stdout } = await run('tar', [`--format=${format}`, '-C', root, '-c', '.'], { encoding: 'buffer' })
    const { archive, text } = await openContext('-', 'other', () => once(stdout))
    assert.equal(text, null, format)
    assert.deepEqual(Buffer.concat(await Array.fromAsync(archive ?? assert.fail())), stdout)
  }
  const { text, dockerfile } = await openContext('-', '', () =>
    once(Buffer.from(`FROM a\n${' '.repeat(600)}`)),
  )
  assert.deepEqual([text?.slice(0, 7), dockerfile], ['FROM a\n', 'Dockerfile'])
})

test('a Dockerfile that comes out of a pipe', { timeout: 60_000 }, async (t) => {
  const root = await mkdtemp('/tmp/gantry-context-')
  t.after(() => rm(root, { recursive: true, force: true }))
  await mkdir(join(root, 'c'))
  await run('mkfifo', [join(root, 'pipe')])
  const writing = run('sh', ['-c', `echo FROM piped > ${join(root, 'pipe')}`])
  const { directory, dockerfile } = await openContext(join(root, 'c'), join(root, 'pipe'), () =>
    assert.fail(),
  )
  await writing
  assert.deepEqual([...(directory?.texts ?? [])], [[dockerfile, 'FROM piped\n']])
})
