import assert from 'node:assert/strict'
import type { Socket } from 'node:net'
import { test } from 'node:test'
import { type Answer, json } from '../../../client/testing.ts'
import { runCommand } from '../../testing.ts'
import { containerStats } from './stats.ts'

test('a daemon that goes while it is asked what runs is looked for, and does not end the command', async (t) => {
  const streams: Socket[] = []
  let isThere = true
  let lists = 0
  const ping: Answer = (_request, socket) => (isThere ? void socket.write(json(200, 'OK')) : socket.destroy())
  const events: Answer = (_request, socket) => {
    streams.push(socket)
    socket.write('HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n')
  }
  const list: Answer = (_request, socket) => {
    lists++
    if (lists === 1) {
      socket.write(json(200, []))
      setImmediate(() => streams[0]?.destroy())
      return
    }
    isThere = false
    // It has told of its end, and the answer to this has not come, for a moment.
    streams[1]?.destroy()
    setTimeout(() => socket.write(json(200, [])), 100)
  }
  const answers = { '/_ping': ping, '/events': events, '/containers/json': list }
  const { code } = await runCommand(t, 'container stats', containerStats, [], answers, {
    GANTRY_RECONNECT: '1',
  })
  assert.match(String(code), /lost the connection to the daemon/)
  assert.equal(lists, 2)
})
