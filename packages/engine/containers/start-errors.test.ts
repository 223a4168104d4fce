import assert from 'node:assert/strict'
import { test } from 'node:test'
import { startFailure } from './start-errors.ts'

test('the hint about mounts is given where a file and a directory do not fit, and not for a working directory', () => {
  const mount = startFailure(new Error('mounting "/a" to rootfs at "/b": not a directory'), 'true')
  assert.match(mount.error.message, /: Are you trying to mount a directory onto a file/)
  const directory = 'chdir to cwd ("/etc/passwd") set in config.json failed: not a directory'
  const { exitCode, error } = startFailure(new Error(directory), 'true')
  assert.deepEqual([exitCode, error.kind, error.message], [127, 'InvalidParameter', directory])
})
