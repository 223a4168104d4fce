import assert from 'node:assert/strict'
import { closeSync, openSync, readdirSync, readFileSync } from 'node:fs'
import { Socket } from 'node:net'
import { text } from 'node:stream/consumers'
import { test } from 'node:test'
import { openPipe, reap, spawnProgram } from './spawn.ts'

/** Runs a script and resolves with what it writes to its descriptors 1 and 2. */
async function script(body: string, environment: Record<string, string> = {}) {
  const nothing = openSync('/dev/null', 'r')
  const [output, errors] = [openPipe(), openPipe()]
  const pid = spawnProgram({
    program: '/bin/sh',
    arguments: ['-c', body],
    environment,
    directory: '/tmp',
    descriptors: [nothing, output.write, errors.write],
  })
  for (const fd of [nothing, output.write, errors.write]) closeSync(fd)
  const read = (fd: number) => text(new Socket({ fd, readable: true, writable: false }))
  const [stdout, stderr] = await Promise.all([read(output.read), read(errors.read), reap(pid)])
  return { pid, stdout, stderr }
}

test('a program gets its arguments, environment, directory and descriptors, and no other', async () => {
  const { stdout, stderr } = await script(
    'pwd; echo "$A"; env | grep -c =; echo /proc/self/fd/*; echo e >&2',
    { A: 'ü x' },
  )
  const [directory, variable, , descriptors = ''] = stdout.split('\n')
  assert.deepEqual([directory, variable, stderr], ['/tmp', 'ü x', 'e\n'])
  assert.equal(
    descriptors.split(' ').filter((path) => Number(path.split('/').at(-1)) > 3).length,
    0,
    descriptors,
  )
})

test('it leads a session of its own, and no signal is ignored or blocked', async () => {
  // Read by the shell itself, which blocks signals while it starts a program.
  const signals = 'while read -r line; do case $line in SigBlk*|SigIgn*) echo "$line";; esac; done'
  const { pid, stdout } = await script(`cat /proc/$$/stat; ${signals} < /proc/$$/status`)
  assert.equal(stdout.split(' ')[5], String(pid))
  assert.match(stdout, /SigBlk:\s0+\nSigIgn:\s0+\n/)
})

test('it is reaped, and nothing stays open', async () => {
  const before = readdirSync('/proc/self/fd').length
  const { pid } = await script('exit 3')
  assert.throws(() => readFileSync(`/proc/${pid}/stat`))
  assert.equal(readdirSync('/proc/self/fd').length, before)
})

test('a program that is not there, and a text that is no C string, are errors', () => {
  const before = readdirSync('/proc/self/fd').length
  const request = { program: '/nosuch', arguments: [], environment: {}, directory: '/', descriptors: [1, 2] }
  assert.throws(() => spawnProgram(request), { code: 'ENOENT' })
  assert.throws(() => spawnProgram({ ...request, program: '/bin/true', arguments: ['a\0b'] }), {
    code: 'EINVAL',
  })
  assert.equal(readdirSync('/proc/self/fd').length, before)
})
