import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { type TestContext, test } from 'node:test'
import { ArchiveWorkers } from '@gantry/archive'
import { isKind } from '@gantry/errors'
import { createRegistries, defaultRegistryConfig } from '@gantry/oci'
import { Contexts } from './context.ts'
import { FileThreads } from './files/file-threads.ts'
import { createFiles } from './files/files.ts'
import { Listings } from './files/listings.ts'

const never = new AbortController().signal

/** Contexts in a directory of their own, and the archive of a directory that `fill` fills. */
async function contexts(t: TestContext) {
  const top = await mkdtemp(join(tmpdir(), 'gantry-contexts-'))
  const [archive, threads] = [new ArchiveWorkers(), new FileThreads()]
  const registries = createRegistries(defaultRegistryConfig)
  t.after(async () => {
    archive.close()
    threads.close()
    registries.close()
    await rm(top, { recursive: true, force: true })
  })
  const places = join(top, 'contexts')
  const all = new Contexts(
    places,
    archive,
    createFiles(threads, join(top, 'documents'), new Listings(join(top, 'listings'), threads)),
    registries,
    1 << 30,
  )
  await all.clean()
  const pack = async (fill: (directory: string) => unknown) => {
    const directory = await mkdtemp(join(top, 'from-'))
    await fill(directory)
    return Readable.from([execFileSync('tar', ['-C', directory, '-cf', '-', '.'])])
  }
  return { all, pack, places }
}

test('what is no plain file is no Dockerfile, and nobody waits for its writer', {
  timeout: 60_000,
}, async (t) => {
  const { all, pack, places } = await contexts(t)
  for (const name of ['Dockerfile', '.dockerignore', 'Dockerfile.dockerignore']) {
    const archive = await pack(async (directory) => {
      await writeFile(join(directory, 'Dockerfile'), 'FROM scratch\n')
      await rm(join(directory, name), { force: true })
      execFileSync('mkfifo', [join(directory, name)])
    })
    await assert.rejects(
      all.receive(archive, 'Dockerfile', never),
      (error) => isKind(error, 'InvalidParameter'),
      name,
    )
  }
  const directory = await pack((top) => mkdir(join(top, 'Dockerfile')))
  await assert.rejects(all.receive(directory, 'Dockerfile', never), (error) =>
    isKind(error, 'InvalidParameter'),
  )
  assert.deepEqual(await readdir(places), [])
})
