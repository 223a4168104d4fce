import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { isKind } from '@gantry/errors'
import type { ByteStream } from './byte-stream.ts'
import { HttpConnection } from './http-connection.ts'

/** A connection to nowhere that breaks as the test says. */
class Broken implements ByteStream {
  onData: (bytes: Buffer) => void = () => {}
  onEnd: (error?: Error) => void = () => {}
  destroyed = false
  written = ''
  pause(): void {}
  resume(): void {}
  write(...parts: Buffer[]): boolean {
    this.written += parts.join('')
    return true
  }
  async drained(): Promise<void> {}
  destroy(): void {
    this.destroyed = true
  }
}

const systemError = (code: string) => Object.assign(new Error(`write ${code}`), { code })

const request = { method: 'GET', target: '/info', headers: {} }

test('a connection that breaks before there is an answer is told as Docker tells it', async () => {
  for (const [error, words] of [
    [undefined, 'EOF'],
    [systemError('EPIPE'), 'write: broken pipe'],
    [systemError('ECONNRESET'), 'read: connection reset by peer'],
    [new Error('certificate has expired'), 'certificate has expired'],
  ] as const) {
    const stream = new Broken()
    const answer = new HttpConnection(stream).send(request)
    stream.onEnd(error)
    await assert.rejects(answer, { kind: 'Unavailable', message: `error during connect: ${words}` })
  }
})

test('an answer that breaks off is told alike, however the connection ended', async () => {
  for (const error of [undefined, systemError('ECONNRESET')]) {
    const stream = new Broken()
    const asked = new HttpConnection(stream).send(request)
    stream.onData(Buffer.from('HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf'))
    const { body } = await asked
    stream.onEnd(error)
    const read = async () => {
      for await (const _ of body);
    }
    await assert.rejects(
      read,
      (reason) => isKind(reason, 'Unavailable') && /^unexpected EOF$/.test(reason.message),
    )
  }
})

for (const [status, isWhole] of [
  ['200 OK', true],
  ['400 Bad Request', false],
] as const) {
  test(`a body ${isWhole ? 'goes on' : 'ends'} when an answer begins before its end with ${status}`, async () => {
    const stream = new Broken()
    const answered = Promise.withResolvers<void>()
    const body = async function* () {
      yield 'first'
      await answered.promise
      yield 'second'
    }
    const asked = new HttpConnection(stream).send({ ...request, method: 'POST', body: body() })
    await nextTurn()
    assert.match(stream.written, /5\r\nfirst\r\n$/)
    stream.onData(Buffer.from(`HTTP/1.1 ${status}\r\nTransfer-Encoding: chunked\r\n\r\n`))
    await asked
    answered.resolve()
    await nextTurn()
    assert.equal(stream.written.endsWith('6\r\nsecond\r\n0\r\n\r\n'), isWhole, stream.written)
  })
}

test('a body that is made while the head is under way follows it in one chunk', async () => {
  const stream = new Broken()
  const body = (): Buffer => {
    assert.match(
      stream.written,
      /^POST \/x HTTP\/1\.1\r\n(.+\r\n)*Transfer-Encoding: chunked\r\n(.+\r\n)*\r\n$/,
    )
    return Buffer.from('the body is this')
  }
  const answer = new HttpConnection(stream).send({ method: 'POST', target: '/x', headers: {}, body })
  assert.match(stream.written, /\r\n\r\n10\r\nthe body is this\r\n0\r\n\r\n$/)
  stream.onData(Buffer.from('HTTP/1.1 204 No Content\r\n\r\n'))
  assert.equal((await answer).status, 204)
})

test('a body that cannot be made ends the request', async () => {
  const stream = new Broken()
  const failure = new Error('no body')
  const body = (): Buffer => {
    throw failure
  }
  const answer = new HttpConnection(stream).send({ method: 'POST', target: '/x', headers: {}, body })
  await assert.rejects(answer, failure)
  assert.ok(stream.destroyed)
})
