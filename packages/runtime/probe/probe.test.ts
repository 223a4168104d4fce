import assert from 'node:assert/strict'
import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { test } from 'node:test'
import { isKind } from '@gantry/errors'
import { Cgroup, cgroupLayout } from '@gantry/syscall'
import { probeRuntimes } from './probe.ts'
import { findProgram } from './programs.ts'
import { tryRuntime } from './trial.ts'

test('a runtime that works is found, the user’s are added, and nothing is left of the trial', async (t) => {
  const scratch = await mkdtemp(join(tmpdir(), 'gantry-probe-'))
  t.after(() => rm(scratch, { recursive: true }))
  const cgroups = cgroupLayout()
  const parent = `/${basename(scratch)}`
  const options = { cgroups, cgroupParent: parent, scratch }
  const result = await probeRuntimes({ ...options, runtimes: { mine: '/bin/true' } })
  assert.ok(['crun', 'runc'].includes(result.preferred))
  assert.match(result.conmon.version, /^\d+\.\d+/)
  assert.deepEqual(result.runtimes.at(-1), {
    name: 'mine',
    path: '/bin/true',
    kind: 'other',
    version: result.runtimes.at(-1)?.version,
  })
  assert.deepEqual(await readdir(scratch), [])
  const missing = probeRuntimes({ ...options, runtimes: { mine: '/no/such' } })
  await assert.rejects(
    missing,
    (error) => isKind(error, 'InvalidParameter') && error.message.includes('/no/such'),
  )
  await new Cgroup(cgroups, parent).remove()
})

test('a runtime that does not work says why', async (t) => {
  const directory = await mkdtemp(join(tmpdir(), 'gantry-probe-'))
  t.after(() => rm(directory, { recursive: true }))
  const path = join(directory, 'broken')
  await writeFile(path, '#!/bin/sh\necho "cannot use this host" >&2\nexit 1\n', { mode: 0o755 })
  const options = { path, directory, cgroups: cgroupLayout(), cgroupParent: `/${basename(directory)}` }
  assert.equal(await tryRuntime(options), 'cannot use this host')
})

test('a directory of a program’s name is no program', async (t) => {
  const root = await mkdtemp(join(tmpdir(), 'gantry-probe-'))
  t.after(() => rm(root, { recursive: true }))
  await mkdir(join(root, 'first/gantry-tool'), { recursive: true })
  await mkdir(join(root, 'second'))
  await writeFile(join(root, 'second/gantry-tool'), '#!/bin/sh\n', { mode: 0o755 })
  const found = await findProgram('gantry-tool', `${root}/first:${root}/second`)
  assert.equal(found, join(root, 'second/gantry-tool'))
})
