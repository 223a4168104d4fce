import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm, stat, writeFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { groupId } from './group.ts'
import { isListening, listenUnix, probeSocket } from './unix-socket.ts'

async function scratch(t: TestContext): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'gantry-listen-'))
  t.after(() => rm(directory, { recursive: true, force: true }))
  return directory
}

test('a socket is 0660, refuses a second daemon, and goes at the end', async (t) => {
  const path = join(await scratch(t), 'sub', 'api.sock')
  const server = createServer()
  t.after(() => server.close())
  const listener = await listenUnix(server, path, 0)
  assert.equal((await stat(path)).mode & 0o777, 0o660)
  assert.equal(await probeSocket(path), 'served')
  await assert.rejects(listenUnix(createServer(), path, 0), /another daemon is listening there/)
  server.close()
  await once(server, 'close')
  await listener.remove()
  assert.equal(await probeSocket(path), 'absent')
})

test('a stale socket is replaced, a file is not', async (t) => {
  const directory = await scratch(t)
  const path = join(directory, 'stale.sock')
  const script = `require('net').createServer().listen(${JSON.stringify(path)}, () => process.kill(process.pid, 'SIGKILL'))`
  spawnSync(process.execPath, ['-e', script])
  assert.equal(await probeSocket(path), 'stale')
  const server = createServer()
  const listener = await listenUnix(server, path, 0)
  server.close()
  await listener.remove()
  const file = join(directory, 'file')
  await writeFile(file, '')
  await assert.rejects(listenUnix(createServer(), file, 0), /no socket is in the way/)
})

test('a socket that another has put in the place of ours is left alone', async (t) => {
  const path = join(await scratch(t), 'api.sock')
  const [first, second] = [createServer(), createServer()]
  t.after(() => {
    first.close()
    second.close()
  })
  const listener = await listenUnix(first, path, 0)
  await rm(path)
  await listenUnix(second, path, 0)
  await listener.remove()
  assert.equal(await probeSocket(path), 'served')
})

test('the table of the kernel tells listening sockets from connected ones', () => {
  const table = [
    'Num       RefCount Protocol Flags    Type St Inode Path',
    '0000: 00000002 00000000 00010000 0001 01 1 /run/docker.sock',
    '0000: 00000003 00000000 00000000 0001 03 2 /run/other.sock',
    '0000: 00000002 00000000 00010000 0001 01 3 /run/with blank.sock',
  ].join('\n')
  assert.equal(isListening(table, '/run/docker.sock'), true)
  assert.equal(isListening(table, '/run/other.sock'), false)
  assert.equal(isListening(table, '/run/with blank.sock'), true)
  assert.equal(isListening(table, '/run/docker'), false)
})

test('a group that was asked for must be there, the default one need not', async (t) => {
  const table = join(await mkdtemp(join(tmpdir(), 'gantry-group-')), 'group')
  t.after(() => rm(dirname(table), { recursive: true }))
  await writeFile(table, 'root:x:0:\nusers:x:100:a,b\n')
  assert.equal(await groupId('users', table), 100)
  assert.equal(await groupId('4711', table), 4711)
  assert.equal(await groupId('docker', table), 0)
  assert.equal(await groupId('', table), 0)
  await assert.rejects(groupId('user', table), { kind: 'InvalidParameter', message: 'group user not found' })
})
