/** Volumes as Docker's CLI and the HTTP API show them, and as containers use them. */
import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { mkdtemp, readFile, rm, stat, symlink, writeFile } from 'node:fs/promises'
import { after, before, suite, test } from 'node:test'
import { promisify } from 'node:util'
import { failsBy, okBy } from './commands.ts'
import { startDaemon, type TestDaemon, until } from './harness.ts'
import { changedRootfs } from './images.ts'

suite('volumes', { concurrency: 1 }, () => {
  let daemon: TestDaemon
  const cleanUp: (() => unknown)[] = []

  const ok = okBy((args) => daemon.docker(args))

  const fails = failsBy((args) => daemon.docker(args))

  const mounted = async (name: string) =>
    (await readFile('/proc/self/mountinfo', 'utf8')).includes(`${daemon.root}/data/volumes/${name}/_data `)

  after(async () => {
    for (const hook of cleanUp) await hook()
  })

  before(async () => {
    daemon = await startDaemon({ after: (hook) => cleanUp.push(hook as () => void) })
    await importContentImage(daemon)
  })

  test('create, list, inspect, remove', async () => {
    assert.equal(await ok('volume', 'create', '--label', 'k=v', 'basic'), 'basic')
    assert.equal(await ok('volume', 'create', 'basic'), 'basic')
    assert.equal(await ok('volume', 'ls', '-q', '--filter', 'label=k=v'), 'basic')
    assert.equal(
      await ok('volume', 'inspect', '-f', '{{.Driver}} {{.Mountpoint}} {{.Scope}} {{json .Labels}}', 'basic'),
      `local ${daemon.root}/data/volumes/basic/_data local {"k":"v"}`,
    )
    assert.equal(await ok('volume', 'rm', 'basic'), 'basic')
    assert.equal(
      await fails('volume', 'inspect', 'basic'),
      'Error response from daemon: get basic: no such volume',
    )
    assert.equal(await ok('volume', 'rm', '-f', 'basic'), 'basic')
    await assert.rejects(stat(`${daemon.root}/data/volumes/basic`))
  })

  const refusals: [string, string[], string][] = [
    [
      'bad name',
      ['create', 'bad/name'],
      'create bad/name: "bad/name" includes invalid characters for a local volume name, only "[a-zA-Z0-9][a-zA-Z0-9_.-]" are allowed. If you intended to pass a host directory, use absolute path',
    ],
    [
      'unknown driver',
      ['create', '--driver', 'nope', 'spec-x'],
      'create spec-x: error looking up volume plugin nope: plugin "nope" not found',
    ],
    ['unknown option', ['create', '--opt', 'bad=1', 'spec-y'], 'create spec-y: invalid option: "bad"'],
    ['unknown volume', ['rm', 'spec-none'], 'get spec-none: no such volume'],
    ['unknown filter', ['ls', '--filter', 'nope=1'], "Invalid filter 'nope'"],
  ]
  for (const [title, args, message] of refusals)
    test(`refused: ${title}`, async () => {
      const lines = (await fails('volume', ...args)).split('\n')
      assert.equal(lines[0]?.toLowerCase(), `Error response from daemon: ${message}`.toLowerCase())
      assert.equal(await ok('volume', 'ls', '-q', '-f', 'name=spec-'), '')
    })

  test('a named volume outlives the container that filled it', async () => {
    await ok('run', '--rm', '-v', 'kept:/d', 'busybox', 'sh', '-c', 'echo note > /d/f')
    assert.equal(await ok('run', '--rm', '-v', 'kept:/d:ro', 'busybox', 'cat', '/d/f'), 'note')
    assert.match(
      await fails('run', '--rm', '-v', 'kept:/d:ro', 'busybox', 'touch', '/d/x'),
      /Read-only file system/,
    )
    await ok('volume', 'rm', 'kept')
  })

  test('a volume in use names its users; dangling tells used and unused apart', async () => {
    const id = await ok('create', '--name', 'user', '-v', 'used:/d', 'busybox', 'true')
    await ok('volume', 'create', 'free')
    assert.equal(
      await fails('volume', 'rm', 'used'),
      `Error response from daemon: remove used: volume is in use - [${id}]`,
    )
    const names = async (dangling: string) =>
      (await ok('volume', 'ls', '-q', '--filter', `dangling=${dangling}`)).split('\n')
    assert.ok((await names('true')).includes('free') && !(await names('true')).includes('used'))
    assert.ok((await names('false')).includes('used'))
    await ok('rm', 'user')
    await ok('volume', 'rm', 'used', 'free')
  })

  test('rm -v and --rm take anonymous volumes along, and no others', async () => {
    const anonymous = async (name: string) =>
      await ok(
        'inspect',
        '-f',
        '{{range .Mounts}}{{if eq .Destination "/anon"}}{{.Name}}{{end}}{{end}}',
        name,
      )
    await ok('create', '--name', 'anon1', '-v', '/anon', '-v', 'named:/n', 'busybox', 'true')
    const first = await anonymous('anon1')
    assert.match(first, /^[0-9a-f]{64}$/)
    await ok('rm', '-v', 'anon1')
    assert.match(await fails('volume', 'inspect', first), /no such volume/)

    await ok('create', '--name', 'anon2', '-v', '/anon', 'busybox', 'true')
    const second = await anonymous('anon2')
    await ok('rm', 'anon2')
    await ok('volume', 'inspect', second)

    await ok('create', '--rm', '--name', 'anon3', '-v', '/anon', '-v', 'named:/n', 'busybox', 'true')
    const third = await anonymous('anon3')
    await ok('start', '-a', 'anon3')
    await daemon.docker(['wait', 'anon3'])
    assert.match(await fails('volume', 'inspect', third), /no such volume/)
    await ok('volume', 'rm', 'named', second)
  })

  test('a new volume gets what the image has there: content, owners, modes, links', async () => {
    const look = 'cd /srv/data && stat -c "%n %a %u %g %h" . file sub sub/tool && readlink link && cat file'
    const image = await ok('run', '--rm', 'content', 'sh', '-c', look)
    assert.equal(await ok('run', '--rm', '-v', 'filled:/srv/data', 'content', 'sh', '-c', look), image)
    await ok('run', '--rm', '-v', 'filled:/srv/data', 'busybox', 'rm', '/srv/data/file')
    assert.equal(await ok('run', '--rm', '-v', 'filled:/d', 'busybox', 'ls', '/d'), 'link\nsub')
    assert.equal(
      await ok('run', '--rm', '-v', 'filled:/srv/data', 'content', 'ls', '/srv/data'),
      'link\nsub',
      'a volume with content is not filled again',
    )
    await ok('volume', 'rm', 'filled')
    assert.equal(await ok('run', '--rm', '-v', 'empty:/srv/data:nocopy', 'content', 'ls', '/srv/data'), '')
    await ok('volume', 'rm', 'empty')
  })

  test('CVE-2022-23648: an image whose path is a link to the host shows nothing of the host', async (t) => {
    const canary = await mkdtemp('/tmp/gantry-canary-')
    t.after(() => rm(canary, { recursive: true, force: true }))
    await writeFile(`${canary}/secret`, 'host only')
    const name = 'canary'
    await importImage(daemon, name, async (rootfs) => {
      await symlink(canary, `${rootfs}/absolute`)
      await symlink(`../../../../../../../../..${canary}`, `${rootfs}/relative`)
    })
    // A runtime may refuse to mount over a link that points nowhere; it may not follow it out of the image.
    for (const path of ['/absolute', '/relative', `/../..${canary}`]) {
      const result = await daemon.docker(['run', '--rm', '-v', path, name, 'ls', '-A', path])
      assert.doesNotMatch(result.stdout, /secret/, path)
    }
    assert.equal(await readFile(`${canary}/secret`, 'utf8'), 'host only')
  })

  test('a volume with mount options is mounted while it is used', async () => {
    await ok('volume', 'create', '--opt', 'type=tmpfs', '--opt', 'device=tmpfs', '--opt', 'o=size=1m', 'mem')
    assert.equal(await mounted('mem'), false)
    await ok('run', '-d', '--name', 'mem1', '-v', 'mem:/m', 'busybox', 'sleep', '600')
    await ok('run', '-d', '--name', 'mem2', '-v', 'mem:/m', 'busybox', 'sleep', '600')
    assert.equal(await mounted('mem'), true)
    assert.match(await ok('exec', 'mem1', 'df', '-k', '/m'), /^tmpfs +1024 /m)
    await ok('exec', 'mem1', 'touch', '/m/shared')
    await ok('rm', '-f', 'mem1')
    assert.equal(await mounted('mem'), true)
    assert.equal(await ok('exec', 'mem2', 'ls', '/m'), 'shared')
    await ok('rm', '-f', 'mem2')
    assert.equal(await mounted('mem'), false)
    await ok('volume', 'rm', 'mem')
  })

  test('a mount that cannot be made fails the start and leaves nothing mounted', async () => {
    await ok(
      'volume',
      'create',
      '--opt',
      'type=none',
      '--opt',
      'o=bind',
      '--opt',
      'device=/no/such/dir',
      'bad',
    )
    assert.match(
      await fails('run', '--rm', '-v', 'bad:/b', 'busybox', 'true'),
      /failed to mount local volume: mount \/no\/such\/dir:.*no such file or directory/,
    )
    assert.equal(await mounted('bad'), false)
    await ok('volume', 'rm', 'bad')
  })

  test('an image as a mount: read-only, with its users unharmed, and in use as long as the container is there', async () => {
    await ok('tag', 'content', 'mounted-image')
    for (const client of ['docker', 'gantry'] as const) {
      const mount = ['--mount', 'type=image,source=mounted-image,target=/i', '--name', `imaged-${client}`]
      const script = 'stat -c "%u %a" /i/srv/data/file && cat /i/srv/data/file; touch /i/x; sleep 600'
      await daemon[client](['run', '-d', ...mount, 'busybox', 'sh', '-c', script])
      const said = async () => {
        const { stdout, stderr } = await daemon.docker(['logs', `imaged-${client}`])
        return stderr.includes('Read-only') ? stdout + stderr : ''
      }
      assert.match(await until('what it says', said, 30), /^\d+ \d+\n[\s\S]*Read-only file system/)
      const shown = await ok(
        'inspect',
        '-f',
        '{{range .Mounts}}{{.Type}} {{.Source}} {{.RW}}{{end}}',
        `imaged-${client}`,
      )
      assert.equal(shown, 'image mounted-image false')
    }
    await daemon.kill9()
    await daemon.start()
    await ok('restart', '-t', '0', 'imaged-docker')
    assert.equal(await ok('exec', 'imaged-docker', 'test', '-f', '/i/srv/data/file'), '')
    await ok('rmi', 'content')
    assert.match(await fails('rmi', 'mounted-image'), /conflict: unable to (remove|delete)/)
    await ok('rm', '-f', 'imaged-docker', 'imaged-gantry')
    await ok('tag', 'mounted-image', 'content')
    await ok('rmi', 'mounted-image')
  })

  test('--volumes-from shares volumes, read-only when asked', async () => {
    await ok('create', '--name', 'source', '-v', 'shared:/v', '-v', '/anon', 'busybox', 'true')
    await ok('run', '--rm', '--volumes-from', 'source', 'busybox', 'touch', '/v/x', '/anon/y')
    assert.match(
      await fails('run', '--rm', '--volumes-from', 'source:ro', 'busybox', 'touch', '/v/z'),
      /Read-only file system/,
    )
    assert.equal(
      await ok('run', '--rm', '--volumes-from', 'source', 'busybox', 'ls', '/v', '/anon'),
      '/anon:\ny\n\n/v:\nx',
    )
    await ok('rm', '-v', 'source')
    assert.equal(await ok('volume', 'ls', '-q', '-f', 'name=shared'), 'shared')
    await ok('volume', 'rm', 'shared')
  })

  test('prune: anonymous ones, then all that no container uses; old clients mean all', async () => {
    await ok('volume', 'create', '--label', 'p', 'pnamed')
    const filter = ['--filter', 'label=p']
    assert.doesNotMatch(await ok('volume', 'prune', '-f', ...filter), /pnamed/)
    assert.match(await ok('volume', 'prune', '-af', ...filter), /^Deleted Volumes:\npnamed$/m)
    await ok('volume', 'create', '--label', 'p', 'pnamed')
    const filters = encodeURIComponent('{"label":["p"]}')
    const { status, body } = await daemon.api('POST', `/v1.41/volumes/prune?filters=${filters}`)
    assert.deepEqual(
      { status, body },
      { status: 200, body: { VolumesDeleted: ['pnamed'], SpaceReclaimed: 0 } },
    )
  })

  test('the API: fields, statuses of failures', async () => {
    const created = await daemon.api('POST', '/v1.41/volumes/create', { Name: 'api', Labels: { x: 'y' } })
    assert.equal(created.status, 201)
    const { CreatedAt: _, ...fields } = created.body as Record<string, unknown>
    assert.deepEqual(fields, {
      Driver: 'local',
      Labels: { x: 'y' },
      Mountpoint: `${daemon.root}/data/volumes/api/_data`,
      Name: 'api',
      Options: null,
      Scope: 'local',
    })
    const statuses: [string, string, unknown, number][] = [
      ['GET', '/volumes/nope', undefined, 404],
      ['DELETE', '/volumes/nope', undefined, 404],
      ['DELETE', '/volumes/api', undefined, 204],
      ['POST', '/volumes/create', { Name: 'a/b' }, 400],
      ['POST', '/volumes/create', { Name: 'ab', Driver: 'nope' }, 404],
    ]
    for (const [method, path, request, expected] of statuses)
      assert.equal((await daemon.api(method, `/v1.41${path}`, request)).status, expected, `${method} ${path}`)
  })
})

test('a crash of the daemon forgets no user of a volume', async (t) => {
  const daemon = await startDaemon(t)
  const ok = okBy((args) => daemon.docker(args))
  const mounted = async () =>
    (await readFile('/proc/self/mountinfo', 'utf8')).includes(`${daemon.root}/data/volumes/mem/_data `)
  const options = ['type=tmpfs', 'device=tmpfs', 'o=size=1m'].flatMap((option) => ['--opt', option])
  await ok('volume', 'create', ...options, 'mem')
  await ok('run', '-d', '--name', 'outlives', '-v', 'mem:/m', 'busybox', 'sleep', '600')
  await ok(
    'run',
    '-d',
    '--name',
    'ends',
    '-v',
    'mem:/m',
    'busybox',
    'sh',
    '-c',
    'touch /m/note; read line < /dev/zero',
  )
  await until('the note', async () => (await ok('exec', 'outlives', 'ls', '/m')) === 'note')
  const pid = Number(await ok('inspect', '-f', '{{.State.Pid}}', 'ends'))
  await daemon.kill9()
  process.kill(pid, 'SIGKILL')
  await daemon.start()

  assert.equal(await mounted(), true)
  assert.equal(await ok('exec', 'outlives', 'ls', '/m'), 'note')
  assert.match(
    (await daemon.docker(['volume', 'rm', 'mem'])).stderr,
    /volume is in use - \[[0-9a-f]{64}, [0-9a-f]{64}\]/,
  )
  await ok('rm', '-f', 'ends', 'outlives')
  await until('the unmount', async () => !(await mounted()))
  await ok('volume', 'rm', 'mem')
})

const run = promisify(execFile)

/** Imports busybox with what `change` does to its root file system. */
async function importImage(
  daemon: TestDaemon,
  name: string,
  change: (rootfs: string) => Promise<void>,
): Promise<void> {
  const result = await daemon.docker(['import', '-', name], { input: await changedRootfs(change) })
  assert.equal(result.exitCode, 0, result.stderr)
}

/** An image with a directory worth copying. */
async function importContentImage(daemon: TestDaemon): Promise<void> {
  await importImage(daemon, 'content', async (rootfs) => {
    const script = `mkdir -p srv/data/sub && cd srv/data && echo text > file && ln file sub/tool && ln -s /nowhere link &&
      chown 1000:1001 . && chmod 2750 . && chown 33:34 file && chmod 4755 file && chmod 1777 sub`
    await run('sh', ['-c', script], { cwd: rootfs })
  })
}
