import assert from 'node:assert/strict'
import { test } from 'node:test'
import { StatusResponse } from '@gantry/buildkit'
import { ControlBuild } from './control-build.ts'

const status = (size: number): StatusResponse => ({
  ...StatusResponse.decode(new Uint8Array(0)),
  ...(size > 0 ? { logs: [{ vertex: 'v', msg: Buffer.alloc(size) }] } : { vertexes: [{ digest: 'd' }] }),
})

test('of output that nobody asks for a bounded amount waits, and what else is told comes', async () => {
  const build = new ControlBuild()
  for (let n = 0; n < 1000; n++) build.tell(status(64 << 10))
  build.tell(status(0))
  build.end()
  let [bytes, others] = [0, 0]
  for await (const { logs, vertexes } of build.statuses(new AbortController().signal)) {
    for (const { msg } of logs) bytes += msg?.length ?? 0
    others += vertexes.length
  }
  assert.ok(bytes > 1 << 20 && bytes <= 8 << 20, `${bytes} bytes`)
  assert.equal(others, 1)
})

test('once it is asked for, all of the output comes', async () => {
  const build = new ControlBuild()
  let bytes = 0
  const listening = (async () => {
    for await (const { logs } of build.statuses(new AbortController().signal))
      for (const { msg } of logs) bytes += msg?.length ?? 0
  })()
  for (let n = 0; n < 1000; n++) {
    build.tell(status(64 << 10))
    await new Promise((resolve) => setImmediate(resolve))
  }
  build.end()
  await listening
  assert.equal(bytes, 1000 * (64 << 10))
})
