/**
 * What cannot be done, asked for by both commands and through the API: Docker's words, exit code and status, and nothing left
 * behind in the kernel, on disk or in the database.
 */
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { type AddressInfo, createServer } from 'node:net'
import { suite, test } from 'node:test'
import { okBy } from './commands.ts'
import { leavesNothing } from './daemon-state.ts'
import { run, suiteDaemon, type TestDaemon } from './harness.ts'

/**
 * What it is, the command's words, and what is on stderr without the name of the command, the usage and the hint that
 * follow. `dress`: how the message is dressed, as that of `run`, as one about a flag of `run`, or as it is, by any other
 * command. `exitCode` is 125 for `run` and 1 for others.
 */
type Case = [
  name: string,
  args: string | string[],
  message: string,
  more?: { dress?: 'run' | 'flag' | 'plain'; exitCode?: number },
]

const create = 'failed to create shim task: OCI runtime create failed: runc create failed'
const daemonSays = 'Error response from daemon: '

const cases: Case[] = [
  ['an unknown image', 'run --pull never nosuchimage true', `${daemonSays}No such image: nosuchimage:latest`],
  [
    'an unknown image, by create',
    'create --pull never nosuchimage:1',
    `${daemonSays}No such image: nosuchimage:1`,
    { dress: 'plain' },
  ],
  ['a malformed host port', 'run -p x:80 busybox', 'invalid hostPort: x'],
  ['a host port out of range', 'run -p 99999:80 busybox', 'invalid hostPort: 99999'],
  ['a malformed container port', 'run -p abc busybox', 'invalid containerPort: abc'],
  ['an unknown protocol', 'run -p 80:80/xyz busybox', 'invalid proto: xyz'],
  [
    'port ranges of different lengths',
    'run -p 8000-8002:9000-9001 busybox',
    'invalid ranges specified for container and host Ports: 9000-9001 and 8000-8002',
  ],
  ['a malformed host address', 'run -p 1.2.3:80:80 busybox', 'invalid IP address: 1.2.3'],
  [
    'a mount whose source is missing',
    'run --mount type=bind,src=/no/such/dir,dst=/x busybox',
    `${daemonSays}invalid mount config for type "bind": bind source path does not exist: /no/such/dir`,
  ],
  [
    'a mount of unknown type',
    'run --mount type=nosuch,dst=/x busybox',
    `${daemonSays}invalid mount config for type "nosuch": mount type unknown`,
  ],
  [
    'a mount without target',
    'run --mount type=volume busybox',
    'invalid argument "type=volume" for "--mount" flag: target is required',
    { dress: 'flag' },
  ],
  [
    'a mount with an unknown key',
    'run --mount type=bind,src=/srv,dst=/x,foo=1 busybox',
    'invalid argument "type=bind,src=/srv,dst=/x,foo=1" for "--mount" flag: unexpected key \'foo\' in \'foo=1\'',
    { dress: 'flag' },
  ],
  [
    'a volume with a relative target',
    'run -v /srv:relative busybox',
    `${daemonSays}invalid volume specification: '/srv:relative': invalid mount config for type "bind": invalid mount path: 'relative' mount path must be absolute`,
  ],
  ['a volume with an unknown mode', 'run -v /srv:/x:badmode busybox', `${daemonSays}invalid mode: badmode`],
  [
    'a volume with a name that cannot be one',
    'run -v rel/path:/x busybox',
    `${daemonSays}create rel/path: "rel/path" includes invalid characters for a local volume name, only "[a-zA-Z0-9][a-zA-Z0-9_.-]" are allowed. If you intended to pass a host directory, use absolute path`,
  ],
  ['two volumes in one place', 'run -v one:/x -v two:/x busybox', `${daemonSays}Duplicate mount point: /x`],
  [
    'a malformed memory size',
    'run --memory 10x busybox',
    'invalid argument "10x" for "-m, --memory" flag: invalid suffix: \'x\'',
    { dress: 'flag' },
  ],
  ['too little memory', 'run --memory 1k busybox', `${daemonSays}Minimum memory limit allowed is 6MB`],
  [
    'less memory with swap than without',
    'run --memory 64m --memory-swap 32m busybox',
    `${daemonSays}Minimum memoryswap limit should be larger than memory limit, see usage`,
  ],
  [
    'a limit of the writable layer, which nothing would keep',
    'run --storage-opt size=1G busybox',
    `${daemonSays}--storage-opt is supported only for overlay over xfs with 'pquota' mount option`,
  ],
  [
    'a missing env file',
    'run --env-file /no/such/file busybox',
    'open /no/such/file: no such file or directory',
  ],
  [
    'an env file that is a directory',
    'run --env-file / busybox',
    'invalid env file (/): read /: is a directory',
  ],
  ['a malformed reference', 'run --pull never busybox:la:test true', 'invalid reference format'],
  ['a reference with a space', ['run', '--pull', 'never', 'busy box', 'true'], 'invalid reference format'],
  [
    'a malformed template',
    'inspect -f {{.Id busybox',
    'template parsing error: template: :1: unclosed action',
    { dress: 'plain', exitCode: 64 },
  ],
  [
    'a template with an unknown function',
    ['inspect', '-f', '{{nofunc .}}', 'busybox'],
    'template parsing error: template: :1: function "nofunc" not defined',
    { dress: 'plain', exitCode: 64 },
  ],
  [
    'a malformed template of a list',
    'ps --format {{.Names',
    'failed to parse template: template: :1: unclosed action',
    { dress: 'plain' },
  ],
  ['an unknown flag', 'run --nosuchflag busybox', 'unknown flag: --nosuchflag', { dress: 'flag' }],
  ['an unknown short flag', 'run -Z busybox', "unknown shorthand flag: 'Z' in -Z", { dress: 'flag' }],
  [
    'a command that is not there',
    'run --rm -p 127.0.0.1::80 -v /anonymous busybox nosuchcmd',
    `${daemonSays}${create}: unable to start container process: exec: "nosuchcmd": executable file not found in $PATH: unknown`,
    { exitCode: 127 },
  ],
  [
    'a path that is not there',
    'run --rm busybox /no/such/command',
    `${daemonSays}${create}: unable to start container process: exec: "/no/such/command": stat /no/such/command: no such file or directory: unknown`,
    { exitCode: 127 },
  ],
  [
    'a command that cannot be executed',
    'run --rm -p 127.0.0.1::80 busybox /etc/hostname',
    `${daemonSays}${create}: unable to start container process: exec: "/etc/hostname": permission denied: unknown`,
    { exitCode: 126 },
  ],
  [
    'a directory as a command',
    'run --rm busybox /etc',
    `${daemonSays}${create}: unable to start container process: exec: "/etc": permission denied: unknown`,
    { exitCode: 126 },
  ],
  [
    'an unknown network',
    'run --rm --network nosuchnet busybox true',
    `${daemonSays}network nosuchnet not found`,
  ],
  [
    'the network of a container that is not there',
    'run --rm --network container:nosuch busybox true',
    `${daemonSays}No such container: nosuch`,
  ],
  [
    'the volumes of a container that is not there',
    'run --rm --volumes-from nosuch busybox true',
    `${daemonSays}No such container: nosuch`,
  ],
  [
    'an unknown user',
    'run --rm -u nosuchuser busybox true',
    `${daemonSays}unable to find user nosuchuser: no matching entries in passwd file`,
  ],
  [
    'a name that cannot be one',
    ['run', '--name', 'sp ec', 'busybox', 'true'],
    `${daemonSays}Invalid container name (sp ec), only [a-zA-Z0-9][a-zA-Z0-9_.-] are allowed`,
  ],
  [
    'a container that is not there',
    'stop nosuch',
    `${daemonSays}No such container: nosuch`,
    { dress: 'plain' },
  ],
]

/** What the command says of a case, all of it. */
function dressed(command: string, message: string, dress: 'run' | 'flag' | 'plain' = 'run'): string {
  if (dress === 'plain') return `${message}\n`
  const hint = `Run '${command} run --help' for more information\n`
  if (dress === 'run') return `${command}: ${message}\n\n${hint}`
  return `${message}\n\nUsage:  ${command} run [OPTIONS] IMAGE [COMMAND] [ARG...]\n\n${hint}`
}

/** A request whose body is sent as it is. */
async function post(daemon: TestDaemon, path: string, body: string): Promise<[number, unknown]> {
  const { stdout } = await run(
    'curl',
    [
      ...[
        '-s',
        '--unix-socket',
        daemon.socket,
        '-H',
        'Content-Type: application/json',
        '--data-binary',
        '@-',
      ],
      ...['-w', '\n%{http_code}', `http://gantry${path}`],
    ],
    { input: body },
  )
  const end = stdout.lastIndexOf('\n')
  return [Number(stdout.slice(end + 1)), (JSON.parse(stdout.slice(0, end)) as { message: string }).message]
}

suite('bad input', () => {
  const daemon = suiteDaemon()

  /** Runs a command of Docker's that must succeed; its stdout without the last newline. */
  const ok = okBy((args) => daemon().docker(args))

  for (const name of ['gantry', 'docker'] as const) {
    for (const [what, args, message, { dress, exitCode } = {}] of cases) {
      test(`${name}: ${what}`, () =>
        leavesNothing(daemon(), async () => {
          const result = await daemon()[name](typeof args === 'string' ? args.split(' ') : args)
          assert.equal(result.stderr, dressed(name, message, dress))
          if (dress !== 'plain') assert.equal(result.stdout, '')
          assert.equal(result.exitCode, exitCode ?? (dress === 'plain' ? 1 : 125))
        }))
    }

    test(`${name}: a command that is not there, by start and exec`, () =>
      leavesNothing(daemon(), async () => {
        await ok('create', '--name', 'broken', '-p', '127.0.0.1::80', 'busybox', 'nosuchcmd')
        const started = await daemon()[name](['start', 'broken'])
        assert.equal(
          started.stderr,
          `${daemonSays}${create}: unable to start container process: exec: "nosuchcmd": executable file not found in $PATH: unknown\n` +
            'Error: failed to start containers: broken\n',
        )
        assert.equal(started.exitCode, 1)
        assert.equal(
          await ok('inspect', '-f', '{{.State.Status}} {{.State.ExitCode}}', 'broken'),
          'created 127',
        )
        await ok('rm', 'broken')

        await ok('run', '-d', '--name', 'working', 'busybox', 'sleep', '600')
        const missing = await daemon()[name](['exec', 'working', 'nosuchcmd'])
        assert.match(
          missing.stderr + missing.stdout,
          /exec: "nosuchcmd": executable file not found in \$PATH/,
        )
        assert.equal(missing.exitCode, 127)
        const refused = await daemon()[name](['exec', 'working', '/etc/hostname'])
        assert.match(refused.stderr + refused.stdout, /exec: "\/etc\/hostname": permission denied/)
        assert.equal(refused.exitCode, 126)
        await ok('rm', '-f', 'working')
      }))

    test(`${name}: a name in use`, () =>
      leavesNothing(daemon(), async () => {
        const id = await ok('create', '--name', 'taken', 'busybox')
        const conflict = `Conflict. The container name "/taken" is already in use by container "${id}". You have to remove (or rename) that container to be able to reuse that name.`
        await leavesNothing(daemon(), async () => {
          const created = await daemon()[name](['create', '--name', 'taken', '-v', '/anonymous', 'busybox'])
          assert.deepEqual(created, { stdout: '', stderr: `${daemonSays}${conflict}\n`, exitCode: 1 })
          const started = await daemon()[name](['run', '--name', 'taken', 'busybox'])
          assert.equal(started.stderr, dressed(name, daemonSays + conflict))
          assert.equal(started.exitCode, 125)
        })
        await ok('rm', 'taken')
      }))

    test(`${name}: a port that another container or process of the host has`, () =>
      leavesNothing(daemon(), async () => {
        const server = createServer().listen(0, '127.0.0.1')
        await once(server, 'listening')
        const { port } = server.address() as AddressInfo
        const busy = await daemon()[name](['run', '--rm', '-p', `127.0.0.1:${port}:80`, 'busybox', 'true'])
        server.close()
        const blocked = 'driver failed programming external connectivity on endpoint'
        assert.match(
          busy.stderr,
          new RegExp(`: Error response from daemon: ${blocked} \\S+ \\([0-9a-f]{64}\\): `),
        )
        assert.match(busy.stderr, new RegExp(`listen tcp4 127.0.0.1:${port}: bind: address already in use\n`))
        assert.equal(busy.exitCode, 125)

        await ok('run', '-d', '--name', 'owner', '-p', `127.0.0.1:${port}:80`, 'busybox', 'sleep', '600')
        await leavesNothing(daemon(), async () => {
          const run = ['run', '--rm', '-v', '/anonymous', '-p', `127.0.0.1:${port}:81`, 'busybox', 'true']
          const result = await daemon()[name](run)
          assert.match(
            result.stderr,
            new RegExp(`: Error response from daemon: ${blocked} \\S+ \\([0-9a-f]{64}\\): `),
          )
          assert.match(
            result.stderr,
            new RegExp(`Bind for 127.0.0.1:${port} failed: port is already allocated\n`),
          )
          assert.equal(result.exitCode, 125)
        })
        await ok('rm', '-f', 'owner')
      }))

    test(`${name}: stopping what is stopped is no error`, () =>
      leavesNothing(daemon(), async () => {
        await ok('run', '--name', 'over', 'busybox', 'true')
        assert.deepEqual(await daemon()[name](['stop', 'over']), {
          stdout: 'over\n',
          stderr: '',
          exitCode: 0,
        })
        await ok('rm', 'over')
      }))
  }

  test('a name that begins several ids is nobody’s, unless it is a container’s', () =>
    leavesNothing(daemon(), async () => {
      const create = async () => (await daemon().dockerode.createContainer({ Image: 'busybox' })).id
      const ids = await Promise.all(Array.from({ length: 8 }, create))
      const shared = () =>
        ids.map((id) => id.slice(0, 2)).find((two, i) => ids.findIndex((id) => id.startsWith(two)) < i)
      while (shared() === undefined) ids.push(...(await Promise.all(Array.from({ length: 8 }, create))))
      const prefix = shared() ?? ''
      for (const name of ['gantry', 'docker'] as const) {
        const result = await daemon()[name](['stop', prefix])
        assert.match(
          result.stderr,
          new RegExp(`^${daemonSays}multiple IDs found with provided prefix: ${prefix}\n$`, 'i'),
        )
        assert.equal(result.exitCode, 1)
      }
      const { status } = await daemon().api('GET', `/v1.41/containers/${prefix}/json`)
      assert.equal(status, 400)
      const named = await ok('create', '--name', prefix, 'busybox')
      assert.equal(await ok('inspect', '-f', '{{.Id}}', prefix), named)
      await ok('rm', named, ...ids)
    }))

  const requests: [name: string, path: string, body: string, status: number, message: string | RegExp][] = [
    ['half a body', '/containers/create', '{"Image": "busy', 400, 'invalid JSON: unexpected EOF'],
    [
      'no JSON',
      '/containers/create',
      '{bad json',
      400,
      /invalid character 'b' looking for beginning of object key/,
    ],
    ['an array', '/containers/create', '[]', 400, /cannot unmarshal array into Go value/],
    [
      'a field of another type',
      '/containers/create',
      '{"Image": 1}',
      400,
      /cannot unmarshal number into Go struct field/,
    ],
    ['nothing', '/containers/create', '{}', 400, 'Config cannot be empty in order to create a container'],
    ['an unknown image', '/containers/create', '{"Image": "nosuch:1"}', 404, 'No such image: nosuch:1'],
    ['a malformed reference', '/containers/create', '{"Image": "a:b:c"}', 400, 'invalid reference format'],
    [
      'too little memory',
      '/containers/create',
      '{"Image": "busybox", "HostConfig": {"Memory": 1024}}',
      400,
      'Minimum memory limit allowed is 6MB',
    ],
    [
      'a bad name',
      '/containers/create?name=bad%20name',
      '{"Image": "busybox"}',
      400,
      'Invalid container name (bad name), only [a-zA-Z0-9][a-zA-Z0-9_.-] are allowed',
    ],
    [
      'a malformed port',
      '/containers/create',
      '{"Image": "busybox", "HostConfig": {"PortBindings": {"80/tcp": [{"HostPort": "x"}]}}}',
      400,
      'invalid port specification: "x"',
    ],
    [
      'a missing bind source',
      '/containers/create',
      '{"Image": "busybox", "HostConfig": {"Mounts": [{"Type": "bind", "Source": "/no/such", "Target": "/x"}]}}',
      400,
      'invalid mount config for type "bind": bind source path does not exist: /no/such',
    ],
    ['a container that is not there', '/containers/nosuch/start', '', 404, 'No such container: nosuch'],
  ]
  for (const [name, path, body, status, message] of requests) {
    test(`the API: ${name}`, () =>
      leavesNothing(daemon(), async () => {
        const [actualStatus, actual] = await post(daemon(), `/v1.41${path}`, body)
        if (typeof message === 'string') assert.equal(actual, message)
        else assert.match(String(actual), message)
        assert.equal(actualStatus, status)
      }))
  }
})
