import assert from 'node:assert/strict'
import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { criuMessage, requireCriu, restoreFailure } from './checkpoint.ts'
import { monitorArguments } from './conmon.ts'
import { OciRuntime } from './oci-runtime.ts'
import { ProcessPaths } from './paths.ts'

test('what CRIU says is found among the lines of a log', () => {
  const log = [
    'time="2024-01-01T00:00:00Z" level=error msg="container still running"',
    'time="2024-01-01T00:00:00Z" level=error msg="criu failed: type DUMP errno 0\\nlog file: /x/dump.log"',
  ]
  assert.equal(criuMessage(log.join('\n')), 'criu failed: type DUMP errno 0; log file: /x/dump.log')
  assert.equal(criuMessage(log[0] ?? ''), 'container still running')
  assert.equal(criuMessage('plain'), 'plain')
})

test('a crun without CRIU, and a host without, are named', async (t) => {
  const directory = await mkdtemp(join(tmpdir(), 'gantry-criu-'))
  t.after(() => rm(directory, { recursive: true }))
  const program = async (name: string, text: string) => {
    await writeFile(join(directory, name), `#!/bin/sh\necho '${text}'\n`)
    await chmod(join(directory, name), 0o755)
    return join(directory, name)
  }
  await program('criu', 'Version: 4.0')
  const path = process.env.PATH
  t.after(() => {
    process.env.PATH = path
  })
  process.env.PATH = `${directory}:${path}`
  const crun = (file: string) => ({ name: 'crun', kind: 'crun', version: '1.8', path: file }) as const
  await assert.rejects(requireCriu(crun(await program('a', 'crun 1.8 +SECCOMP'))), {
    kind: 'NotImplemented',
    message:
      'the OCI runtime crun on this host was built without CRIU: run the container with --runtime runc',
  })
  await requireCriu(crun(await program('b', 'crun 1.8 +SECCOMP +CRIU')))
})

test('conmon is told where a checkpoint is', () => {
  const runtime = new OciRuntime(
    { name: 'runc', path: '/usr/bin/runc', kind: 'runc', version: '1' },
    '/state',
  )
  const request = {
    conmon: '/usr/bin/conmon',
    runtime,
    containerId: 'a',
    paths: new ProcessPaths('/bundle'),
    exitDirectory: '/exits',
    stdio: { terminal: false, stdin: 'none', logPath: null } as const,
  }
  const args = monitorArguments({ ...request, restore: '/checkpoint' })
  assert.equal(args[args.indexOf('--restore') + 1], '/checkpoint')
  assert.equal(monitorArguments(request).includes('--restore'), false)
})

test('why a restore failed stands in the log of CRIU', async (t) => {
  const directory = await mkdtemp(join(tmpdir(), 'gantry-restore-'))
  t.after(() => rm(directory, { recursive: true }))
  assert.equal(await restoreFailure(directory), null)
  const log = [
    '(00.000001) Version: 3.17.1',
    '(00.004000) Error (criu/vdso.c:381): vdso: Unexpected rt vDSO area bounds',
    '(00.004001) Warn  (criu/x.c:1): nothing of interest',
    '(00.004002) Error (criu/kerndat.c:1615): kerndat_vdso_fill_symtable failed when initializing kerndat.',
  ]
  await writeFile(join(directory, 'restore.log'), `${log.join('\n')}\n`)
  assert.equal(
    await restoreFailure(directory),
    'criu failed: vdso: Unexpected rt vDSO area bounds; kerndat_vdso_fill_symtable failed when initializing kerndat.',
  )
})
