/**
 * Clients that stop reading, vanish or send half a request: the daemon holds no memory for them beyond fixed buffers,
 * they block nobody else, and nothing of them is left. Classes CVE-2022-31030, CVE-2022-23471, CVE-2025-64329.
 */
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { readdir, readFile } from 'node:fs/promises'
import { connect, type Socket } from 'node:net'
import { suite, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { WebSocket } from 'ws'
import { okBy } from './commands.ts'
import { suiteDaemon, type TestDaemon, until } from './harness.ts'

const mebibyte = 1 << 20

async function residentBytes(daemon: TestDaemon): Promise<number> {
  const status = await readFile(`/proc/${daemon.pid}/status`, 'utf8')
  return Number(/^VmRSS:\s+(\d+) kB/m.exec(status)?.[1]) * 1024
}

const descriptors = async (daemon: TestDaemon) => (await readdir(`/proc/${daemon.pid}/fd`)).length

/** Writes `text` and reads nothing. */
function speak(daemon: TestDaemon, text: string): Socket {
  const socket = connect(daemon.socket)
  socket.on('error', () => {})
  socket.pause()
  socket.write(text)
  return socket
}

const upgrade = 'Host: x\r\nConnection: Upgrade\r\nUpgrade: tcp\r\n'

suite('clients that misbehave', { concurrency: 1 }, () => {
  const daemon = suiteDaemon()

  const ok = okBy((args) => daemon().docker(args))

  /** Runs `work` and expects the daemon to come back to the descriptors it had. */
  const leavesNoDescriptor = async (work: () => Promise<void>) => {
    const before = await descriptors(daemon())
    await work()
    await until('descriptors to be closed', async () => (await descriptors(daemon())) <= before + 2)
  }

  test('half request lines, headers and bodies hold nothing and block nobody', async () => {
    await leavesNoDescriptor(async () => {
      const halves = [
        'GET /containers/j',
        'POST /containers/create HTTP/1.1\r\nHost: x\r\nContent-Type: appl',
        'POST /containers/create HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 1000\r\n\r\n{"Ima',
        'POST /containers/create HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\nff\r\n{"',
        `POST /containers/none/attach?stream=1 HTTP/1.1\r\n${upgrade}`,
      ]
      const before = await residentBytes(daemon())
      const sockets = Array.from({ length: 300 }, (_, index) =>
        speak(daemon(), halves[index % halves.length] ?? ''),
      )
      await sleep(200)
      assert.equal(await daemon().answers(), true)
      const grown = (await residentBytes(daemon())) - before
      assert.ok(grown < 40 * mebibyte, `${grown} bytes for 300 half requests`)
      for (const socket of sockets) socket.destroy()
    })
  })

  test('a thousand sessions of builds take little each, keep nobody from another one, and go with their clients', {
    timeout: 60_000,
  }, async () => {
    await leavesNoDescriptor(async () => {
      const before = await residentBytes(daemon())
      const open = (id: string): Socket =>
        speak(
          daemon(),
          `POST /session HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: h2c\r\nX-Docker-Expose-Session-Uuid: ${id}\r\n\r\n`,
        )
      const sockets: Socket[] = []
      // No more at once than may wait to be accepted.
      for (let count = 0; count <= 1000; count++) {
        const socket = open(`session-${count}`)
        sockets.push(socket)
        if (count % 100 === 0) await begins(socket, 'HTTP/1.1 101 ')
      }
      await begins(open('session-1000'), 'HTTP/1.1 409 ')
      const grown = (await residentBytes(daemon())) - before
      assert.ok(grown < 150 * mebibyte, `${grown} bytes for 1001 sessions`)
      const dockerfile = 'FROM busybox\nRUN --mount=type=secret,id=s,env=S [ "$S" = hush ]\n'
      const secret = { input: dockerfile, env: { S: 'hush' } }
      const built = await daemon().gantry(['build', '--secret', 'id=s,env=S', '-'], secret)
      assert.equal(built.exitCode, 0, built.stderr)
      for (const socket of sockets) socket.destroy()
    })
  })

  /** What the daemon answers first. */
  async function begins(socket: Socket, expected: string): Promise<void> {
    if (socket.readableLength === 0) await once(socket, 'readable')
    const answer = String(socket.read())
    assert.equal(answer.slice(0, expected.length), expected)
  }

  test('a pattern that takes exponential time where it does not match holds up nobody', {
    timeout: 60_000,
  }, async () => {
    const name = `${'a'.repeat(60)}.`
    await ok('volume', 'create', name)
    for (const [pattern, found] of [
      ['^(a+)+$', 0],
      ['^(a|aa)+$', 0],
      ['^(a+)+[.]$', 1],
    ] as const) {
      const filters = encodeURIComponent(JSON.stringify({ name: [pattern] }))
      const { body } = await daemon().api('GET', `/volumes?filters=${filters}`)
      assert.equal((body as { Volumes: unknown[] }).Volumes.length, found, pattern)
    }
    await ok('volume', 'rm', name)
  })

  test('headers without an end are refused', async () => {
    const socket = connect(daemon().socket)
    socket.on('error', () => {})
    socket.write('GET /_ping HTTP/1.1\r\nHost: x\r\n')
    for (let count = 0; count < 200 && !socket.destroyed; count++) {
      socket.write(`X-Filler-${count}: ${'x'.repeat(1000)}\r\n`)
    }
    const [answer] = (await once(socket, 'data')) as [Buffer]
    assert.match(answer.toString(), /^HTTP\/1.1 431 /)
    socket.destroy()
  })

  test('CVE-2022-31030: attached clients that do not read hold a fixed amount, and the container’s end is seen', async () => {
    await leavesNoDescriptor(async () => {
      const id = await ok(
        'create',
        '--network',
        'none',
        'busybox',
        'sh',
        '-c',
        'yes | head -c 60000000; exit 3',
      )
      const before = await residentBytes(daemon())
      const stalled = Array.from({ length: 5 }, () =>
        speak(daemon(), `POST /containers/${id}/attach?stream=1&stdout=1 HTTP/1.1\r\n${upgrade}\r\n`),
      )
      await Promise.all(stalled.map((socket) => once(socket, 'readable'))) // they are attached
      await ok('start', id)
      await sleep(1500)
      const grown = (await residentBytes(daemon())) - before
      assert.ok(grown < 60 * mebibyte, `${grown} bytes for clients that do not read`)
      // Others are served meanwhile, the container too.
      assert.equal(await ok('run', '--rm', '--network', 'none', 'busybox', 'echo', 'other'), 'other')
      assert.equal(await ok('exec', id, 'echo', 'inside'), 'inside')
      const waiting = daemon().docker(['wait', id])
      for (const socket of stalled) socket.destroy()
      assert.equal((await waiting).stdout, '3\n')
      const logged = await daemon().docker(['logs', '--tail', '1', id])
      assert.equal(logged.stdout, 'y\n')
      await ok('rm', id)
    })
  })

  test('clients that stop reading logs, stats, events or an exec hold a fixed amount', async () => {
    const id = await ok(
      'run',
      '-d',
      '--network',
      'none',
      'busybox',
      'sh',
      '-c',
      'yes | head -c 40000000; sleep 600',
    )
    await until('the log', async () => (await ok('logs', '--tail', '1', id)) === 'y', 60)
    const exec = await daemon().api('POST', `/containers/${id}/exec`, { Cmd: ['yes'], AttachStdout: true })
    const { Id } = exec.body as { Id: string }
    await leavesNoDescriptor(async () => {
      const before = await residentBytes(daemon())
      const get = (path: string) => `GET ${path} HTTP/1.1\r\nHost: x\r\n\r\n`
      const targets = [
        get(`/containers/${id}/logs?stdout=1`),
        get(`/containers/${id}/logs?stdout=1&follow=1`),
        get(`/containers/${id}/logs?stdout=1&tail=2000000`),
        get(`/containers/${id}/stats`),
        get('/events?since=1'),
        `POST /exec/${Id}/start HTTP/1.1\r\n${upgrade}Content-Type: application/json\r\nContent-Length: 2\r\n\r\n{}`,
      ]
      const sockets = [0, 1, 2, 3].flatMap(() => targets.map((target) => speak(daemon(), target)))
      for (let count = 0; count < 5; count++) {
        await sleep(300)
        assert.equal(await ok('exec', id, 'echo', 'served'), 'served')
      }
      const grown = (await residentBytes(daemon())) - before
      // A quarter of what twelve of them would have of the log alone.
      assert.ok(grown < 120 * mebibyte, `${grown} bytes for ${sockets.length} clients that do not read`)
      for (const socket of sockets) socket.destroy()
    })
    await leavesNoDescriptor(async () => {
      const before = await residentBytes(daemon())
      const logs = `GET /containers/${id}/logs?stdout=1&timestamps=1 HTTP/1.1\r\nHost: x\r\n\r\n`
      const sockets = Array.from({ length: 50 }, () => speak(daemon(), logs))
      await Promise.all(sockets.map((socket) => once(socket, 'readable')))
      await sleep(1000)
      const grown = (await residentBytes(daemon())) - before
      assert.ok(grown < 60 * mebibyte, `${grown} bytes for 50 readers of a log that do not read`)
      for (const socket of sockets) socket.destroy()
    })
    await ok('rm', '-f', id)
  })

  test('clients that stop in the midst of an archive have a few threads between them, and memory for those', async () => {
    const big = 'dd if=/dev/zero of=/big bs=1M count=40 2>/dev/null; echo made; sleep 600'
    const id = await ok('run', '-d', '--network', 'none', 'busybox', 'sh', '-c', big)
    await until('the file', async () => (await ok('logs', id)) === 'made', 60)
    const threads = async () => (await readdir(`/proc/${daemon().pid}/task`)).length
    const [threadsBefore, bytesBefore] = [await threads(), await residentBytes(daemon())]
    const descriptorsBefore = await descriptors(daemon())
    const put = 'Content-Type: application/x-tar\r\nContent-Length: 1000000\r\n\r\nhalf'
    const requests = [
      `GET /containers/${id}/archive?path=/big HTTP/1.1\r\nHost: x\r\n\r\n`,
      `GET /containers/${id}/export HTTP/1.1\r\nHost: x\r\n\r\n`,
      `PUT /containers/${id}/archive?path=/tmp HTTP/1.1\r\nHost: x\r\n${put}`,
    ]
    const sockets = Array.from({ length: 60 }, (_, index) => speak(daemon(), requests[index % 3] ?? ''))
    for (let count = 0; count < 5; count++) {
      await sleep(300)
      assert.equal(await ok('exec', id, 'echo', 'served'), 'served')
      const more = (await threads()) - threadsBefore
      // At most eight each way, and what other requests need.
      assert.ok(more <= 24, `${more} more threads for 60 clients`)
    }
    const grown = (await residentBytes(daemon())) - bytesBefore
    assert.ok(grown < 800 * mebibyte, `${grown} bytes for 60 clients that stand still`)
    for (const socket of sockets) socket.destroy()
    // Some threads are kept for the next request.
    await until('the threads to end', async () => (await threads()) <= threadsBefore + 8)
    await until(
      'descriptors to be closed',
      async () => (await descriptors(daemon())) <= descriptorsBefore + 30,
    )
    assert.match((await daemon().docker(['cp', `${id}:/etc/hostname`, '-'])).stdout, /hostname/)
    await ok('rm', '-f', id)
  })

  test('a client that never reads does not keep a killed container from ending', async () => {
    const id = await ok('create', '--network', 'none', 'busybox', 'yes')
    const stalled = speak(
      daemon(),
      `POST /containers/${id}/attach?stream=1&stdout=1 HTTP/1.1\r\n${upgrade}\r\n`,
    )
    await once(stalled, 'readable')
    await ok('start', id)
    await sleep(500)
    await ok('kill', id)
    assert.equal(await ok('wait', id), '137')
    await ok('rm', id)
    stalled.destroy()
  })

  test('CVE-2022-23471: clients that vanish from attach, logs, wait, events and WebSockets leave nothing', async () => {
    const id = await ok(
      'run',
      '-d',
      '-i',
      '--network',
      'none',
      'busybox',
      'sh',
      '-c',
      'while :; do echo x; sleep 0.01; done',
    )
    await leavesNoDescriptor(async () => {
      for (const target of [
        `POST /containers/${id}/attach?stream=1&stdout=1&stdin=1 HTTP/1.1\r\n${upgrade}\r\n`,
        `GET /containers/${id}/logs?follow=1&stdout=1 HTTP/1.1\r\nHost: x\r\n\r\n`,
        `POST /containers/${id}/wait HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n`,
        `POST /containers/${id}/wait?condition=paused HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n`,
        'GET /events HTTP/1.1\r\nHost: x\r\n\r\n',
      ]) {
        const sockets = Array.from({ length: 20 }, () => speak(daemon(), target))
        await sleep(100)
        for (const socket of sockets) socket.destroy()
      }
      const clients = Array.from(
        { length: 20 },
        () =>
          new WebSocket(`ws+unix://${daemon().socket}:/containers/${id}/attach/ws?stream=1&stdout=1&stdin=1`),
      )
      await Promise.all(clients.map((client) => once(client, 'open')))
      for (const client of clients) client.terminate()
    })
    await ok('rm', '-f', id)
  })

  test('CVE-2025-64329: execs, also of clients that hang up early, leave no memory, descriptor or directory', async () => {
    const id = await ok('run', '-d', '--network', 'none', 'busybox', 'sleep', '600')
    const exec = async (hangUp: boolean) => {
      const body = { Cmd: ['sh', '-c', 'yes | head -c 300000'], AttachStdout: true, AttachStdin: true }
      const created = await daemon().api('POST', `/containers/${id}/exec`, body)
      const { Id } = created.body as { Id: string }
      const start = `POST /exec/${Id}/start HTTP/1.1\r\n${upgrade}Content-Type: application/json\r\nContent-Length: 2\r\n\r\n{}`
      const socket = speak(daemon(), start)
      if (hangUp) {
        await sleep(Math.random() * 60)
        socket.destroy()
      } else {
        socket.resume()
        await once(socket, 'close')
      }
    }
    const round = async (count: number) => {
      for (let done = 0; done < count; done += 8) {
        await Promise.all(Array.from({ length: 8 }, (_, index) => exec(index % 2 === 0)))
      }
    }
    await round(16)
    const before = await residentBytes(daemon())
    await leavesNoDescriptor(() => round(80))
    const grown = (await residentBytes(daemon())) - before
    assert.ok(grown < 40 * mebibyte, `${grown} bytes after execs`)
    // Some clients were gone before their start was read.
    const { ExecIDs } = await daemon().dockerode.getContainer(id).inspect()
    for (const exec of ExecIDs ?? []) {
      const { body } = await daemon().api('GET', `/exec/${exec}/json`)
      const { Running: running, Pid: pid, ExitCode: exitCode } = body as Record<string, unknown>
      // Or its end came between the two requests.
      assert.deepEqual([running, exitCode === null ? pid : 0], [false, 0])
    }
    await until('exec directories to go', async () => {
      const entries = await readdir(`${daemon().root}/exec/tasks/${id}/execs`)
      return entries.length === 0
    })
    await ok('rm', '-f', id)
  })

  test('a WebSocket carries a terminal in both directions, with detach keys', async () => {
    const id = await ok('run', '-dit', '--network', 'none', 'busybox', 'cat')
    const target = `/containers/${id}/attach/ws?stream=1&stdin=1&stdout=1&detachKeys=ctrl-x`
    const client = new WebSocket(`ws+unix://${daemon().socket}:${target}`)
    await once(client, 'open')
    let seen = ''
    client.on('message', (data) => {
      seen += String(data)
    })
    client.send('hello\r')
    await until('the answer', () => seen.split('hello').length > 2)
    client.send('\x18')
    await once(client, 'close')
    assert.equal(await ok('inspect', '-f', '{{.State.Running}}', id), 'true')
    await ok('rm', '-f', id)
  })
})
