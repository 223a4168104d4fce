import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { access, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { bind, check } from '@gantry/syscall'
import { until } from '../../../test/until.ts'
import { writePidfile } from './pidfile.ts'
import { lockDataRoot } from './root-lock.ts'
import { activatedSockets, createNotifier } from './systemd.ts'

async function scratch(t: TestContext): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'gantry-process-'))
  t.after(() => rm(directory, { recursive: true, force: true }))
  return directory
}

test('CVE-2021-41091: the data root is closed to other users', async (t) => {
  const root = join(await scratch(t), 'data')
  await using _lock = await lockDataRoot(root)
  assert.equal((await stat(root)).mode & 0o007, 0)
})

test('a data root has one daemon at a time', async (t) => {
  const root = await scratch(t)
  const lock = await lockDataRoot(root)
  await assert.rejects(lockDataRoot(root), /is in use by another Gantry daemon/)
  await lock[Symbol.asyncDispose]()
  await (await lockDataRoot(root))[Symbol.asyncDispose]()
})

test('a pid file is refused while its daemon runs, and replaced when it is gone', async (t) => {
  const path = join(await scratch(t), 'sub', 'pid')
  const pidfile = await writePidfile(path)
  assert.equal(await readFile(path, 'utf8'), `${process.pid}\n`)
  await pidfile[Symbol.asyncDispose]()
  await assert.rejects(access(path))
  await writeFile(path, '4194303\n')
  const next = await writePidfile(path)
  await writeFile(path, '1\n')
  await next[Symbol.asyncDispose]()
  assert.equal(await readFile(path, 'utf8'), '1\n', 'a pid file of somebody else is left alone')
})

test('a pid file counts when its process is a daemon, whatever else has the name', async (t) => {
  const path = join(await scratch(t), 'pid')
  const process = (name: string) => {
    const child = spawn('sleep', ['600'], { argv0: name, stdio: 'ignore' })
    t.after(() => child.kill('SIGKILL'))
    return child
  }
  for (const name of ['/usr/lib/gantry/packages/daemon/main.ts', '/usr/bin/gantryd']) {
    const { pid } = process(name)
    await writeFile(path, `${pid}\n`)
    await until(name, async () => (await readFile(`/proc/${pid}/cmdline`, 'utf8')).startsWith(name))
    await assert.rejects(writePidfile(path), new RegExp(`process with PID ${pid} is still running`))
  }
  const { pid } = process('/usr/bin/gantry')
  await until('gantry', async () =>
    (await readFile(`/proc/${pid}/cmdline`, 'utf8')).startsWith('/usr/bin/gantry'),
  )
  await writeFile(path, `${pid}\n`)
  await (await writePidfile(path))[Symbol.asyncDispose]()
})

test('sockets of systemd are for the process that they name', () => {
  const environment = { LISTEN_PID: String(process.pid), LISTEN_FDS: '2', LISTEN_FDNAMES: 'a:b', OTHER: '1' }
  assert.deepEqual(activatedSockets(environment), [
    { fd: 3, name: 'a' },
    { fd: 4, name: 'b' },
  ])
  assert.deepEqual(environment, { OTHER: '1' })
  assert.deepEqual(activatedSockets({ LISTEN_PID: '1', LISTEN_FDS: '1' }), [])
})

test('systemd is told, at a path and in the abstract namespace; that it cannot be is no failure', async (t) => {
  const warnings: string[] = []
  const log = { warn: (message: string) => void warnings.push(message) }
  for (const name of [join(await scratch(t), 'notify'), `@gantry-notify-${process.pid}`]) {
    const receiver = openReceiver(name)
    t.after(() => receiver.close())
    const environment = { NOTIFY_SOCKET: name }
    createNotifier(environment, log)('READY=1')
    assert.equal(receiver.read(), 'READY=1')
    assert.deepEqual(environment, {})
  }
  createNotifier({}, log)('READY=1')
  assert.deepEqual(warnings, [])
  createNotifier({ NOTIFY_SOCKET: '/nowhere/notify' }, log)('STOPPING=1')
  assert.deepEqual(warnings, ['systemd was not told'])
})

/** A datagram socket as systemd has one, which Node cannot make. */
function openReceiver(name: string) {
  const socket = bind('int socket(int domain, int type, int protocol)')
  const bindSocket = bind('int bind(int fd, const void *address, unsigned int length)')
  const receive = bind('long recv(int fd, void *buffer, size_t length, int flags)')
  const close = bind('int close(int fd)')
  const address = Buffer.from(`\x01\0${name.replace(/^@/, '\0')}`)
  const fd = check('socket', socket(1, 2, 0))
  check('bind', bindSocket(fd, address, address.length))
  return {
    read() {
      const buffer = Buffer.alloc(100)
      const dontWait = 0x40
      return buffer.toString('utf8', 0, check('recv', receive(fd, buffer, buffer.length, dontWait)))
    },
    close: () => close(fd),
  }
}
