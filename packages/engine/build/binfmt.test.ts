import assert from 'node:assert/strict'
import { test } from 'node:test'
import { expectRunnable, handles, parseHandler } from './binfmt.ts'

/** As the kernel shows what Debian's qemu-user-static registers. */
const arm64 = `enabled
interpreter /usr/libexec/qemu-binfmt/aarch64-binfmt-P
flags: POCF
offset 0
magic 7f454c460201010000000000000000000200b700
mask ffffffffffffff00fffffffffffffffffeffffff
`

test('handlers of the kernel', () => {
  const handler = parseHandler(arm64)
  assert.ok(handler)
  assert.deepEqual([handler.enabled, handler.flags, handler.offset], [true, 'POCF', 0])
  assert.ok(handles(handler, 'arm64'))
  for (const other of ['arm', 'riscv64', 'amd64', 's390x', 'unheard', 'constructor'])
    assert.ok(!handles(handler, other), other)
  assert.ok(!handles({ ...handler, enabled: false }, 'arm64'))
  assert.equal(parseHandler('enabled\ninterpreter /usr/bin/python\nflags: \nextension .pyc\n'), null)
  const s390x = parseHandler(
    'enabled\ninterpreter /q\nflags: OCF\noffset 0\nmagic 7f454c4602020100000000000000000000020016\nmask ffffffffffffff00fffffffffffffffffffeffff\n',
  )
  assert.ok(s390x && handles(s390x, 's390x') && !handles(s390x, 'ppc64le'))
})

test('what runs here, and what says how to make it', async () => {
  const host = { os: 'linux', architecture: 'amd64' }
  await expectRunnable(host, host)
  await expectRunnable({ os: 'linux', architecture: '386' }, host)
  await assert.rejects(expectRunnable({ os: 'linux', architecture: 'mips64' }, host), {
    message: /cannot run programs for linux\/mips64 on linux\/amd64: .*apt install qemu-user-static/,
  })
})
