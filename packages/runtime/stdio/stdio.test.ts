import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { test } from 'node:test'
import { isKind } from '@gantry/errors'
import { until } from '../../../test/until.ts'
import { collect, makeBench } from '../testing.ts'

const SIGKILL = 9

test('output of a process that ends at once is complete for who attached before', async (t) => {
  const bench = await makeBench(t)
  for (let round = 0; round < 10; round++) {
    const task = await bench.create(['sh', '-c', 'echo a; echo b >&2; echo c'])
    const [one, two] = await Promise.all([task.attach(), task.attach()])
    await task.start()
    const expected = { stdout: 'a\nc\n', stderr: 'b\n' }
    assert.deepEqual(await Promise.all([collect(one), collect(two)]), [expected, expected])
    await task.exit
    await task.delete()
  }
})

test('a megabyte goes in and comes out whole', async (t) => {
  const bench = await makeBench(t)
  const task = await bench.create(['cat'], { stdin: 'once', logPath: null })
  const attachment = await task.attach()
  await task.start()
  const sent = Buffer.from(Array.from({ length: 1 << 20 }, (_, n) => n % 251))
  attachment.stdin.end(sent)
  const received: Buffer[] = []
  for await (const { data } of attachment.output) received.push(data)
  assert.ok(Buffer.concat(received).equals(sent))
  assert.equal((await task.exit).exitCode, 0)
  await task.delete()
})

test('stdin once: ends with the client that writes, not with an onlooker', async (t) => {
  const bench = await makeBench(t)
  const task = await bench.create(['cat'], { stdin: 'once' })
  const writer = await task.attach()
  const onlooker = await task.attach({ stdin: false })
  await task.start()
  onlooker.stdin.end('not heard\n')
  onlooker.close()
  await new Promise((resolve) => setTimeout(resolve, 100))
  assert.ok(task.pid > 0)
  writer.stdin.write('heard\n')
  writer.stdin.end()
  assert.deepEqual(await collect(writer), { stdout: 'heard\n', stderr: '' })
  assert.equal((await task.exit).exitCode, 0)
  await task.delete()
})

test('stdin open: the next client can go on writing', async (t) => {
  const bench = await makeBench(t)
  const task = await bench.create(['head', '-n', '2'], { stdin: 'open' })
  const first = await task.attach()
  await task.start()
  first.stdin.end('one\n')
  await new Promise((resolve) => first.stdin.once('finish', resolve))
  first.close()
  const second = await task.attach()
  second.stdin.write('two\n')
  assert.equal((await task.exit).exitCode, 0)
  assert.match(await bench.log(task), / one\n.* two\n$/s)
  await task.delete()
})

test('stdin none: the process reads end-of-file, and input is thrown away', async (t) => {
  const bench = await makeBench(t)
  const task = await bench.create(['cat'])
  const attachment = await task.attach()
  attachment.stdin.write('x'.repeat(1 << 20))
  await task.start()
  assert.deepEqual(await collect(attachment), { stdout: '', stderr: '' })
  await task.exit
  await task.delete()
})

test('a terminal has a size, changes it, and goes on without its client', async (t) => {
  const bench = await makeBench(t)
  const stdio = { terminal: true, stdin: 'once', consoleSize: { rows: 11, columns: 22 } } as const
  const task = await bench.create(['sh', '-c', 'stty size; read x; stty size; read y; echo "<$y>"'], stdio)
  const attachment = await task.attach()
  await task.start()
  let seen = ''
  attachment.output.on('data', ({ data }) => {
    seen += data
  })
  await until('the first size', () => seen.includes('11 22'))
  await task.resize({ rows: 33, columns: 44 })
  attachment.stdin.write('\n')
  await until('the second size', () => seen.includes('33 44'))
  attachment.close()
  const next = await task.attach()
  next.stdin.write('again\n')
  assert.match((await collect(next)).stdout, /<again>\r\n/)
  await task.exit
  await task.delete()
})

test('CVE-2025-64329: a reader who stops holds conmon back, not memory', async (t) => {
  const bench = await makeBench(t)
  const task = await bench.create(['sh', '-c', 'yes | head -c 100000000; echo end'], { logPath: null })
  const attachment = await task.attach()
  await task.start()
  await new Promise((resolve) => attachment.output.once('readable', resolve))
  const before = process.memoryUsage().rss
  await new Promise((resolve) => setTimeout(resolve, 1500))
  assert.ok(process.memoryUsage().rss - before < 20 * 1024 * 1024)
  assert.ok(task.pid > 0)
  let bytes = 0
  for await (const { data } of attachment.output) bytes += data.length
  assert.equal(bytes, 100_000_004)
  await task.exit
  await task.delete()
})

test('the end is seen although a reader has stopped, and he still gets the rest', async (t) => {
  const bench = await makeBench(t)
  const task = await bench.create(['yes'], { logPath: null })
  const attachment = await task.attach()
  await task.start()
  await new Promise((resolve) => attachment.output.once('readable', resolve))
  await new Promise((resolve) => setTimeout(resolve, 300))
  await task.kill(SIGKILL)
  assert.equal((await task.exit).exitCode, 128 + SIGKILL)
  assert.ok((await collect(attachment)).stdout.length > 64 * 1024)
  await task.delete()
})

test('nobody can attach to what has ended', async (t) => {
  const bench = await makeBench(t)
  const task = await bench.create(['true'])
  await task.start()
  await task.exit
  await assert.rejects(task.attach(), (error) => isKind(error, 'Conflict'))
  await assert.rejects(task.resize({ rows: 1, columns: 1 }), (error) => isKind(error, 'Conflict'))
  await task.delete()
})

test('CVE-2022-31030: clients that come and go leave no descriptors', async (t) => {
  const bench = await makeBench(t)
  const task = await bench.create(['sleep', '1000'], { stdin: 'open' })
  await task.start()
  const open = async () => (await readFile('/proc/self/net/unix', 'utf8')).split('\n').length
  const before = await open()
  for (let round = 0; round < 100; round++) (await task.attach()).close()
  await until('the descriptors to be closed', async () => (await open()) <= before + 5)
  await task.kill(SIGKILL)
  await task.exit
  await task.delete()
})
