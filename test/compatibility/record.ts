/**
 * Loaded into each test daemon before its own code when the compatibility page is made (see generate.ts): notes which
 * endpoint each test asks, with which fields, and which fields the answers have. One JSON document a line in
 * `$GANTRY_API_RECORD/daemon-<pid>.jsonl`.
 */
import { subscribe } from 'node:diagnostics_channel'
import { appendFileSync, readFileSync } from 'node:fs'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { isMainThread } from 'node:worker_threads'
import { fieldsOf, type Observation } from './observation.ts'

const directory = process.env.GANTRY_API_RECORD
/** More than any answer whose fields matter; streams are cut here. */
const byteLimit = 1 << 20

if (directory && isMainThread)
  subscribe('http.server.request.start', (message) => {
    const { request, response } = message as { request: IncomingMessage; response: ServerResponse }
    record(request, response, `${directory}/daemon-${process.pid}.jsonl`)
  })

/** What the test process says it is doing now. */
function currentTest(): string {
  try {
    return readFileSync(process.env.GANTRY_API_RECORD_TEST ?? '', 'utf8')
  } catch {
    return ''
  }
}

function record(request: IncomingMessage, response: ServerResponse, file: string): void {
  const test = currentTest()
  const [sent, answered] = [collect(), collect()]
  const push = request.push.bind(request)
  request.push = (chunk: Buffer | null, encoding?: BufferEncoding) => {
    if (chunk) sent.add(chunk)
    return push(chunk, encoding)
  }
  const { write, end } = response
  response.write = (...parameters: unknown[]) => {
    answered.add(parameters[0])
    return Reflect.apply(write, response, parameters)
  }
  response.end = (...parameters: unknown[]) => {
    answered.add(parameters[0])
    return Reflect.apply(end, response, parameters)
  }
  const note = () => {
    response.off('close', note)
    request.socket.off('close', note)
    const url = new URL(request.url ?? '/', 'http://daemon')
    const observation: Observation = {
      test,
      method: request.method ?? '',
      path: url.pathname.replace(/^\/v\d+\.\d+(?=\/)/, ''),
      status: response.statusCode,
      query: [...url.searchParams.keys()],
      body: fieldsOf(sent.text()),
      answer: fieldsOf(answered.text()),
    }
    appendFileSync(file, `${JSON.stringify(observation)}\n`)
  }
  // A connection that is taken over has no end of its answer.
  response.once('close', note)
  request.socket.once('close', note)
}

function collect(): { add(chunk: unknown): void; text(): string } {
  const chunks: Buffer[] = []
  let size = 0
  return {
    add(chunk) {
      if (size > byteLimit || !(typeof chunk === 'string' || chunk instanceof Uint8Array)) return
      const bytes = Buffer.from(chunk as string)
      chunks.push(bytes)
      size += bytes.length
    },
    text: () => Buffer.concat(chunks).toString(),
  }
}
