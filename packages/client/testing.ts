/** A scripted server for tests: it answers connections byte by byte as told. */
import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { createServer, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import { EngineClient } from './engine-client.ts'

/** The Bun that the command is compiled with; undefined where there is none for this processor. */
export const bunProgram = ['x64', 'aarch64']
  .map((arch) => join(import.meta.dirname, `../../node_modules/@oven/bun-linux-${arch}/bin/bun`))
  .find((path) => existsSync(path))

export interface ReceivedRequest {
  /** `GET /v1.55/info` */
  line: string
  headers: string
  body: string
}

/** Answers a request on its connection. */
export type Answer = (request: ReceivedRequest, socket: Socket) => void

/** Serves `answer` on a socket of its own and gives a client for it; both end with the test. */
export async function engineDouble(
  t: TestContext,
  answer: Answer,
): Promise<{ client: EngineClient; requests: ReceivedRequest[]; connections: () => number }> {
  const folder = mkdtempSync(join(tmpdir(), 'gantry-client-'))
  const path = join(folder, 'engine.sock')
  const requests: ReceivedRequest[] = []
  const sockets = new Set<Socket>()
  let connections = 0
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    connections++
    sockets.add(socket)
    let text = ''
    let taken = false
    socket.on('error', () => {})
    socket.on('data', (bytes) => {
      // What follows an upgrade belongs to whoever answered it.
      if (taken) return
      text += bytes.toString('latin1')
      for (let request = takeRequest(text); request !== undefined && !taken; request = takeRequest(text)) {
        text = request.rest
        taken = /upgrade: tcp/i.test(request.headers)
        requests.push(request)
        answer(request, socket)
      }
    })
  })
  await new Promise<void>((resolve) => server.listen(path, resolve))
  const client = new EngineClient({ endpoint: { kind: 'unix', host: `unix://${path}`, path } })
  t.after(async () => {
    await client[Symbol.asyncDispose]()
    for (const socket of sockets) socket.destroy()
    server.close()
    rmSync(folder, { recursive: true })
  })
  return { client, requests, connections: () => connections }
}

function takeRequest(text: string): (ReceivedRequest & { rest: string }) | undefined {
  const end = text.indexOf('\r\n\r\n')
  if (end < 0) return undefined
  const [first = '', ...headers] = text.slice(0, end).split('\r\n')
  const all = headers.join('\n')
  const after = text.slice(end + 4)
  const line = first.replace(/ HTTP\/1\.1$/, '')
  if (/transfer-encoding: chunked/i.test(all)) {
    const last = after.indexOf('0\r\n\r\n')
    return last < 0
      ? undefined
      : { line, headers: all, body: after.slice(0, last), rest: after.slice(last + 5) }
  }
  const length = Number(/content-length: (\d+)/i.exec(all)?.[1] ?? 0)
  if (after.length < length) return undefined
  return { line, headers: all, body: after.slice(0, length), rest: after.slice(length) }
}

/** An answer with a JSON body of known length. */
export function json(status: number, body: unknown): string {
  const text = JSON.stringify(body)
  const head = `HTTP/1.1 ${status} Whatever\r\nContent-Type: application/json\r\n`
  return `${head}Content-Length: ${Buffer.byteLength(text)}\r\n\r\n${text}`
}
