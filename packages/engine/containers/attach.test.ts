import assert from 'node:assert/strict'
import { writeFile } from 'node:fs/promises'
import { test } from 'node:test'
import { GantryError } from '@gantry/errors'
import type { AttachSession, OutputFrame } from '../contracts.ts'
import { bench, settle } from './testing.ts'

async function textOf(session: AttachSession): Promise<string> {
  let text = ''
  for await (const frame of session.output as AsyncIterable<OutputFrame>)
    text += `${frame.stream}:${frame.data} `
  return text.trim()
}

const everything = { stream: true, stdin: true, stdout: true, stderr: true }

test('clients that attach before the start miss nothing, each takes what it wants', async (t) => {
  const it = await bench(t)
  const id = await it.create({ config: { Image: 'busybox', OpenStdin: true } })
  const all = await it.containers.attach(id, everything)
  const errors = await it.containers.attach(id, { stream: true, stderr: true })
  assert.equal(errors.stdin, null)
  all.stdin?.write('typed ahead')
  await it.containers.start(id)
  const task = it.tasks.get(id)
  task?.print('stdout', 'one')
  task?.print('stderr', 'two')
  const texts = Promise.all([textOf(all), textOf(errors)])
  await settle()
  task?.end({})
  assert.deepEqual(await texts, ['stdout:one stderr:two', 'stderr:two'])
  assert.equal(Buffer.concat(task?.stdin ?? []).toString(), 'typed ahead')
  assert.equal(it.events.filter((event) => event === 'container attach spec-a').length, 2)
})

test('the detach keys end a terminal session and leave the process alone', async (t) => {
  const it = await bench(t)
  const id = await it.create({ config: { Image: 'busybox', OpenStdin: true, Tty: true } })
  await it.containers.start(id)
  const session = await it.containers.attach(id, { ...everything, detachKeys: 'ctrl-a,x' })
  const text = textOf(session)
  session.stdin?.write(Buffer.from([104, 105, 1]))
  session.stdin?.write(Buffer.from([120, 110]))
  assert.equal(await text, '')
  assert.equal(Buffer.concat(it.tasks.get(id)?.stdin ?? []).toString(), 'hi')
  assert.equal(it.events.at(-1), 'container detach spec-a')
  assert.equal((await it.containers.inspect(id)).State?.Running, true)
  await assert.rejects(it.containers.attach(id, { detachKeys: 'nope' }), { kind: 'InvalidParameter' })
})

test('a client that does not read makes the source wait', async (t) => {
  const it = await bench(t)
  const id = await it.create()
  await it.containers.start(id)
  const session = await it.containers.attach(id, { stream: true, stdout: true })
  const task = it.tasks.get(id)
  for (let n = 0; n < 200; n++) task?.print('stdout', 'x'.repeat(1000))
  await settle()
  assert.ok(session.output.readableLength <= 2)
  assert.equal(task?.output[0]?.isPaused(), true)
  session.close()
  assert.equal(task?.output[0]?.destroyed, true)
})

test('sessions end when the start fails, the container goes, or there is nothing to stream', async (t) => {
  const it = await bench(t)
  const id = await it.create()
  const [failed, removed] = [
    await it.containers.attach(id, everything),
    await it.containers.attach(id, everything),
  ]
  it.runtimeError = new Error('no')
  await assert.rejects(it.containers.start(id))
  assert.equal(await textOf(failed), '')
  assert.equal(await textOf(removed), '')
  const waiting = await it.containers.attach(id, everything)
  assert.equal(await textOf(await it.containers.attach(id, { stdout: true })), '')
  await it.containers.remove(id)
  assert.equal(await textOf(waiting), '')
})

test('logs are replayed; paused containers refuse', async (t) => {
  const it = await bench(t)
  const id = await it.create()
  await it.containers.start(id)
  const time = '2026-01-01T00:00:00.000000000+00:00'
  await writeFile(it.tasks.get(id)?.options.stdio.logPath ?? '', `${time} stdout P a\n${time} stderr P b\n`)
  const session = await it.containers.attach(id, { logs: true, stdout: true })
  assert.equal(await textOf(session), 'stdout:a')
  const { blocks } = await it.containers.logs(id, { tail: 1 })
  const text = (await Array.fromAsync(blocks)).map(({ bytes }) => String(bytes)).join('')
  assert.equal(text, `${time} stdout P a\n${time} stderr P b\n`)
  await it.containers.pause(id)
  await assert.rejects(it.containers.attach(id, everything), {
    message: `Container ${id} is paused, unpause the container before attach`,
  })
})

test('a process that ends while a client attaches is an end, not an error', async (t) => {
  const it = await bench(t)
  const id = await it.create()
  await it.containers.start(id)
  const task = it.tasks.get(id)
  assert.ok(task)
  task.attach = () => Promise.reject(new GantryError('Conflict', 'container is not running'))
  const session = await it.containers.attach(id, { stream: true, stdout: true })
  task.end({})
  assert.equal(await textOf(session), '')
})

test('a client that wants no stream at all is at its end at once', async (t) => {
  const it = await bench(t)
  const id = await it.create()
  assert.equal(await textOf(await it.containers.attach(id, { stream: true })), '')
})

test('a slow client reads the output to its end, also when the container has removed itself meanwhile', async (t) => {
  const it = await bench(t)
  const id = await it.create({ config: { Image: 'busybox' }, hostConfig: { AutoRemove: true } })
  const session = await it.containers.attach(id, { stream: true, stdout: true })
  await it.containers.start(id)
  const task = it.tasks.get(id)
  const numbers = Array.from({ length: 50 }, (_, index) => `stdout:${index}`)
  for (const number of numbers) task?.print('stdout', number.replace('stdout:', ''))
  const { result } = await it.containers.wait(id, 'removed')
  task?.end({})
  await result
  assert.equal(await textOf(session), numbers.join(' '))
})
