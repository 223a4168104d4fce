import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { type Answer, json } from '../../client/testing.ts'
import { ExitError } from '../framework/command.ts'
import { runCommand } from '../testing.ts'
import { run } from './run.ts'

function frame(stream: 1 | 2, text: string): Buffer {
  const header = Buffer.from([stream, 0, 0, 0, 0, 0, 0, text.length])
  return Buffer.concat([header, Buffer.from(text)])
}

const runWith = (t: TestContext, words: string[], answers: Record<string, Answer>) =>
  runCommand(t, 'run', run, words, answers)

const created: Answer = (_request, socket) => socket.write(json(201, { Id: 'c1', Warnings: ['beware'] }))
const started: Answer = (_request, socket) => socket.write('HTTP/1.1 204 No Content\r\n\r\n')
const upgraded = 'HTTP/1.1 101 UPGRADED\r\nContent-Type: application/vnd.docker.multiplexed-stream\r\n\r\n'

test('run attaches and watches before it starts, and ends as the container', async (t) => {
  let attached = false
  let watching = false
  const result = await runWith(t, ['--rm', '-i', 'busybox', 'cat'], {
    '/containers/create': created,
    '/containers/c1/attach': (_request, socket) => {
      attached = true
      socket.write(upgraded)
      let input = ''
      socket.on('data', (bytes) => {
        input += bytes
      })
      socket.on('end', () => socket.end(Buffer.concat([frame(1, input), frame(2, 'oops')])))
    },
    '/containers/c1/wait': (_request, socket) => {
      watching = true
      socket.write('HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\r\n')
      setTimeout(() => socket.end('{"StatusCode":3}'), 30)
    },
    '/containers/c1/start': (request, socket) => {
      assert.ok(attached && watching)
      started(request, socket)
    },
  })
  assert.equal(result.code, 3)
  assert.equal(result.stdout, 'typed')
  assert.equal(result.stderr, 'WARNING: beware\noops')
  assert.equal(result.routes.length, 4)
  assert.ok(result.routes.includes('POST /v1.55/containers/c1/wait?condition=removed'))
})

test('a daemon that goes between create and start is waited for, and the container started by the next', async (t) => {
  let starts = 0
  const answers: Record<string, Answer> = {
    '/containers/create': created,
    '/containers/c1/attach': (_request, socket) => {
      socket.write(upgraded)
      socket.end(frame(1, 'said'))
    },
    '/containers/c1/wait': (_request, socket) => {
      socket.write('HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\r\n')
      socket.end('{"StatusCode":3}')
    },
    '/containers/c1/start': (request, socket) => {
      starts++
      if (starts > 1) started(request, socket)
      else socket.destroy()
    },
    '/_ping': (_request, socket) => socket.write(json(200, 'OK')),
    '/containers/c1/json': (_request, socket) =>
      socket.write(json(200, { Id: 'c1', State: { Status: 'created' } })),
  }
  const result = await runWith(t, ['--rm', 'busybox', 'true'], answers)
  assert.deepEqual([result.code, starts], [3, 2])
  starts = 0
  const withInput = await runWith(t, ['--rm', '-i', 'busybox', 'true'], answers)
  assert.ok(withInput.code instanceof ExitError)
  assert.match(withInput.code.message, /^gantry: error during connect: /)
  assert.deepEqual([withInput.code.code, starts], [125, 1])
})

test('a missing image is pulled and the container created again', async (t) => {
  let pulled = false
  const { code, stdout, stderr } = await runWith(t, ['-d', 'web'], {
    '/containers/create': (request, socket) =>
      pulled ? created(request, socket) : socket.write(json(404, { message: 'No such image: web:latest' })),
    '/images/create': (request, socket) => {
      assert.match(request.line, /fromImage=docker.io%2Flibrary%2Fweb&tag=latest/)
      pulled = true
      socket.write(json(200, { status: 'Pulling from library/web', id: 'latest' }))
    },
    '/containers/c1/start': started,
  })
  assert.equal(code, 0)
  assert.equal(stdout, 'c1\n')
  const lines = [
    "Unable to find image 'web:latest' locally",
    'latest: Pulling from library/web',
    'WARNING: beware',
    '',
  ]
  assert.equal(stderr, lines.join('\n'))
})

test('a command that is not there is exit code 127, one that cannot run 126', async (t) => {
  for (const [message, code] of [
    ['exec: "x": executable file not found in $PATH', 127],
    ['exec: "/etc": permission denied', 126],
    ['driver failed programming external connectivity', 125],
  ] as const) {
    const result = await runWith(t, ['-d', 'busybox', 'x'], {
      '/containers/create': created,
      '/containers/c1/start': (_request, socket) => socket.write(json(400, { message })),
    })
    assert.ok(result.code instanceof ExitError)
    assert.equal(result.code.code, code)
    const text = `gantry: Error response from daemon: ${message}\n\nRun 'gantry run --help' for more information`
    assert.equal(result.code.message, text)
  }
})

test('what the command line can tell is wrong needs no engine', async (t) => {
  for (const [words, message] of [
    ['-p 99999:80 x', 'gantry: invalid hostPort: 99999'],
    ['--rm --restart always x', 'gantry: conflicting options: cannot specify both --restart and --rm'],
    [
      '--pull sometimes x',
      `gantry: invalid pull option: 'sometimes': must be one of "always", "missing" or "never"`,
    ],
    ['-d -a stdout x', 'conflicting options: cannot specify both --attach and --detach'],
    ['-it x', 'the input device is not a TTY'],
  ] as const) {
    const { code, routes } = await runWith(t, words.split(' '), {})
    assert.ok(code instanceof Error)
    assert.equal(code.message.split('\n')[0], message)
    assert.deepEqual(routes, [])
  }
})

test('a network may have a name that every object has', async (t) => {
  const answers = { '/containers/create': created, '/containers/c1/start': started }
  const once = await runWith(t, ['-d', '--network', 'constructor', 'busybox'], answers)
  assert.equal(once.code, 0)
  const twice = ['-d', '--network', 'constructor', '--network', 'constructor', 'busybox']
  assert.match(
    String((await runWith(t, twice, answers)).code),
    /network "constructor" is specified multiple times/,
  )
})
