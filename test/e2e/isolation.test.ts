/** What keeps a container apart from the host and from others, seen from inside it, through both command lines. */
import assert from 'node:assert/strict'
import { mkdtemp, readlink, rm, writeFile } from 'node:fs/promises'
import { after, before, suite, test } from 'node:test'
import { okBy } from './commands.ts'
import { startDaemon, suiteDaemon, until } from './harness.ts'

type Client = 'gantry' | 'docker'

suite('isolation', () => {
  const daemon = suiteDaemon()
  let scratch = ''

  before(async () => {
    scratch = await mkdtemp('/tmp/gantry-isolation-')
  })
  after(() => rm(scratch, { recursive: true, force: true }))

  for (const client of ['gantry', 'docker'] as const) suite(client, () => ofClient(client))

  function ofClient(client: Client) {
    const run = (...args: string[]) => daemon()[client](args, { timeout: 120_000, cwd: scratch })

    const ok = okBy((args) => run(...args))

    const inside = (options: string[], script: string) =>
      ok('run', '--rm', ...options, 'busybox', 'sh', '-c', script)

    async function refused(options: string[], message: string): Promise<void> {
      const { exitCode, stderr } = await run('run', '--rm', ...options, 'busybox', 'true')
      assert.ok(stderr.includes(message), `${options.join(' ')}: ${stderr}`)
      assert.equal(exitCode, 125)
    }

    async function sleeper(t: { after: (hook: () => Promise<unknown>) => void }, ...options: string[]) {
      const id = await ok('run', '-d', ...options, 'busybox', 'sleep', '600')
      t.after(() => run('rm', '-f', id))
      return id
    }

    const namespaces = ['cgroup', 'ipc', 'mnt', 'net', 'pid', 'uts']
    const show = namespaces.map((name) => `readlink /proc/self/ns/${name}`).join(';')
    const namespacesOf = async (...options: string[]) => {
      const lines = (await inside(options, show)).split('\n')
      return Object.fromEntries(namespaces.map((name, index) => [name, lines[index] ?? '']))
    }

    test('each namespace is the container’s own unless the host’s is asked for', async () => {
      const host = Object.fromEntries(
        await Promise.all(namespaces.map(async (name) => [name, await readlink(`/proc/self/ns/${name}`)])),
      )
      const shared = async (...options: string[]) => {
        const own = await namespacesOf(...options)
        return namespaces.filter((name) => own[name] === host[name])
      }
      const always = (await shared()).includes('cgroup') ? ['cgroup'] : [] // cgroup v1
      assert.deepEqual(await shared(), always)
      assert.deepEqual(await shared('--cgroupns', 'private'), [])
      assert.deepEqual(await shared('--cgroupns', 'host'), ['cgroup'])
      for (const [option, name] of [
        ['--pid', 'pid'],
        ['--ipc', 'ipc'],
        ['--uts', 'uts'],
        ['--network', 'net'],
      ] as const)
        assert.deepEqual(await shared(option, 'host'), [...always, name].sort(), option)
    })

    test('a container joins the namespaces of another, by name, whatever it is called later', async (t) => {
      const donor = await sleeper(t, '--ipc', 'shareable', '--shm-size', '3m')
      const joining = ['pid', 'ipc', 'net']
      const own = (await ok('exec', donor, 'sh', '-c', show)).split('\n')
      const joined = await namespacesOf(
        ...['--pid', `container:${donor}`, '--ipc', `container:${donor}`, '--network', `container:${donor}`],
      )
      assert.deepEqual(
        namespaces.filter((name, index) => joined[name] === own[index]),
        [...(joined.cgroup === own[0] ? ['cgroup'] : []), ...joining].sort(),
      )
      const size = await inside(['--ipc', `container:${donor}`], "df -k /dev/shm | awk 'END { print $2 }'")
      assert.equal(size, '3072')

      const name = `donor-${client}`
      await ok('rename', donor, name)
      const id = await ok('create', '--pid', `container:${name}`, 'busybox', 'ps', '-o', 'args')
      t.after(() => run('rm', '-f', id))
      await ok('rename', name, `${name}-renamed`)
      assert.match(await ok('start', '-a', id), /sleep 600/)
      assert.equal(await ok('inspect', '-f', '{{.HostConfig.PidMode}}', id), `container:${donor}`)
    })

    test('a container that does not run, or does not share, cannot be joined', async (t) => {
      const private_ = await sleeper(t)
      const stopped = await ok('create', 'busybox', 'true')
      t.after(() => run('rm', stopped))
      await refused(['--pid', `container:${stopped}`], `ontainer ${stopped} is not running`)
      await refused(
        ['--ipc', `container:${stopped}`],
        `can't join IPC of container ${stopped}: container ${stopped} is not running`,
      )
      await refused(
        ['--network', `container:${stopped}`],
        `cannot join network of a non running container: ${stopped}`,
      )
      await refused(
        ['--ipc', `container:${private_}`],
        `can't join IPC of container ${private_}: non-shareable IPC (hint: use IpcMode:shareable for the donor container)`,
      )
      await refused(['--pid', 'container:nosuch'], 'No such container: nosuch')
      await refused(['--uts', 'host', '--hostname', 'x'], 'conflicting options: hostname and the UTS mode')
      assert.equal(
        (await run('run', '--rm', '--ipc', 'none', 'busybox', 'ls', '/dev/shm')).stderr.trim(),
        'ls: /dev/shm: No such file or directory',
      )
    })

    test('--security-opt in all its forms', async () => {
      const privileges = 'grep NoNewPrivs /proc/self/status | cut -f2'
      for (const [option, value] of [
        ['no-new-privileges', '1'],
        ['no-new-privileges:true', '1'],
        ['no-new-privileges=1', '1'],
        ['no-new-privileges=false', '0'],
      ] as const)
        assert.equal(await inside(['--security-opt', option], privileges), value, option)
      await refused(['--security-opt', 'no-new-privileges:maybe'], 'invalid --security-opt 2')
      await refused(['--security-opt', 'bogus=1'], 'invalid --security-opt 2: "bogus=1"')
      await refused(['--security-opt', 'bogus'], 'Invalid --security-opt: "bogus"')
      await refused(['--security-opt', 'systempaths=some'], 'invalid --security-opt 2: "systempaths=some"')

      const mounts = "grep -cE ' /(proc|sys)/(kcore|keys|firmware|sys) ' /proc/mounts; true"
      assert.equal(await inside(['--security-opt', 'systempaths=unconfined'], mounts), '0')
      assert.notEqual(await inside([], mounts), '0')
      const writable = "awk '$3 ~ /^cgroup/ { print $4 }' /proc/mounts | cut -d, -f1 | sort -u"
      assert.equal(await inside(['--security-opt', 'writable-cgroups=true'], writable), 'rw')
      assert.equal(await inside([], writable), 'ro')
    })

    test('a seccomp profile: the default, none, one of the user’s, a broken one', async () => {
      const filter = 'grep Seccomp: /proc/self/status | cut -f2; chmod 777 /tmp || true'
      await writeFile(
        `${scratch}/chmod.json`,
        '{"defaultAction":"SCMP_ACT_ALLOW","syscalls":[{"names":["chmod","fchmodat"],"action":"SCMP_ACT_ERRNO"}]}',
      )
      await writeFile(`${scratch}/broken.json`, '{"defaultAction":')
      await writeFile(`${scratch}/array.json`, '[]')
      await writeFile(`${scratch}/action.json`, '{"defaultAction":"SCMP_ACT_BOGUS"}')
      assert.equal(await inside([], filter), '2')
      for (const separator of ['=', ':']) {
        assert.equal(await inside(['--security-opt', `seccomp${separator}unconfined`], filter), '0')
        const { stdout, stderr } = await run(
          ...[
            'run',
            '--rm',
            '--security-opt',
            `seccomp${separator}chmod.json`,
            'busybox',
            'sh',
            '-c',
            filter,
          ],
        )
        assert.equal(stdout, '2\n')
        assert.match(stderr, /Operation not permitted/)
      }
      await refused(
        ['--security-opt', 'seccomp=broken.json'],
        'compacting json for seccomp profile (broken.json) failed',
      )
      await refused(
        ['--security-opt', 'seccomp=array.json'],
        'Decoding seccomp profile failed: json: cannot unmarshal array into Go value of type seccomp.Seccomp',
      )
      await refused(
        ['--security-opt', 'seccomp=action.json'],
        'string SCMP_ACT_BOGUS is not a valid action for seccomp',
      )
    })

    test('capabilities are added and dropped by either name', async () => {
      const effective = 'grep CapEff /proc/self/status | cut -f2'
      assert.equal(await inside(['--cap-add', 'net_admin'], effective), '00000000a80435fb')
      const some = ['--cap-drop', 'all', '--cap-add', 'CAP_CHOWN', '--cap-add', 'kill']
      assert.equal(await inside(some, effective), '0000000000000021')
      assert.equal(await inside(['--cap-drop', 'ALL'], effective), '0000000000000000')
      assert.equal(await inside(['-u', '7', '--cap-add', 'ALL'], effective), '0000000000000000')
      await refused(['--cap-add', 'nope'], 'invalid CapAdd: unknown capability: "CAP_NOPE"')
      await refused(['--cap-drop', 'CAP_NOPE'], 'invalid CapDrop: unknown capability: "CAP_NOPE"')
    })

    test('a read-only root is read-only but for what is mounted into it', async () => {
      const tried = ['/x', '/etc/hosts', '/etc/resolv.conf', '/sys/x', '/dev/shm/x', '/t/x', '/v/x']
      const script = tried.map((path) => `touch ${path} 2>/dev/null && echo ${path}`).join('; ')
      assert.equal(
        await inside(['--read-only', '--tmpfs', '/t', '-v', '/v'], `${script}; true`),
        '/dev/shm/x\n/t/x\n/v/x',
      )
    })

    test('users and groups, by name and by number', async () => {
      const id = 'id -u; id -g; id -G; echo $HOME'
      const said = async (...options: string[]) => (await inside(options, id)).split('\n').join(' | ')
      assert.equal(await said(), '0 | 0 | 0 10 | /root')
      assert.equal(await said('-u', 'daemon:wheel'), '1 | 10 | 10 | /usr/sbin')
      assert.equal(await said('-u', '1'), '1 | 1 | 1 | /usr/sbin')
      assert.equal(await said('-u', ':10'), '0 | 10 | 10 | /root')
      assert.equal(await said('-u', '4242:77'), '4242 | 77 | 77 | /')
      assert.equal(await said('-u', '5', '--group-add', 'wheel', '--group-add', '66'), '5 | 0 | 0 10 66 | /')
      await refused(['-u', 'nope'], 'unable to find user nope: no matching entries in passwd file')
      await refused(['-u', '1:nope'], 'unable to find group nope: no matching entries in group file')
      await refused(['--group-add', 'nope'], 'Unable to find group nope: no matching entries in group file')
    })

    test('an exec has its own user, directory, environment and privileges', async (t) => {
      const id = await sleeper(t, '-e', 'A=1', '-w', '/tmp', '--cap-drop', 'ALL')
      const script = 'id -u; pwd; echo $A $B; grep CapEff /proc/self/status | cut -f2'
      const said = async (...options: string[]) =>
        (await ok('exec', ...options, id, 'sh', '-c', script)).split('\n').join(' | ')
      assert.equal(await said(), '0 | /tmp | 1 | 0000000000000000')
      assert.equal(
        await said('-u', 'daemon', '-w', '/etc', '-e', 'B=2', '-e', 'A=3'),
        '1 | /etc | 3 2 | 0000000000000000',
      )
      assert.doesNotMatch(await said('--privileged'), / 0{16}$/)
      const nowhere = await run('exec', '-w', '/nowhere', id, 'true')
      assert.match(nowhere.stdout + nowhere.stderr, /chdir to cwd \("\/nowhere"\) set in config.json failed/)
      assert.equal(await ok('exec', '-t', id, 'tty'), '/dev/pts/0')
    })
  }

  test('inspect tells how a container is confined', async (t) => {
    const told = async (HostConfig: object) => {
      const { body } = await daemon().api('POST', '/v1.47/containers/create', {
        Image: 'busybox',
        HostConfig,
      })
      const { Id } = body as { Id: string }
      t.after(() => daemon().docker(['rm', Id]))
      const shown = (await daemon().api('GET', `/v1.47/containers/${Id}/json`)).body as {
        HostConfig: { SecurityOpt: string[] | null; IpcMode: string }
      }
      return [shown.HostConfig.SecurityOpt, shown.HostConfig.IpcMode]
    }
    assert.deepEqual(await told({}), [null, 'private'])
    assert.deepEqual(await told({ Privileged: true }), [['label=disable'], 'private'])
    assert.deepEqual(await told({ IpcMode: 'host' }), [['label=disable'], 'host'])
    assert.deepEqual(await told({ PidMode: 'host', SecurityOpt: [] }), [[], 'private'])
  })
})

suite('isolation by the daemon’s configuration', () => {
  test('defaults for containers that say nothing', async (t) => {
    const scratch = await mkdtemp('/tmp/gantry-isolation-')
    t.after(() => rm(scratch, { recursive: true }))
    await writeFile(
      `${scratch}/profile.json`,
      '{"defaultAction":"SCMP_ACT_ALLOW","syscalls":[{"names":["chmod","fchmodat"],"action":"SCMP_ACT_ERRNO"}]}',
    )
    const daemon = await startDaemon(t, {
      flags: [
        ...['--no-new-privileges', '--default-ipc-mode', 'shareable', '--default-cgroupns-mode', 'private'],
        ...['--seccomp-profile', `${scratch}/profile.json`, '--icc=false', '--selinux-enabled'],
      ],
    })
    assert.match(daemon.log, /could not enable SELinux on the host system/)
    const script =
      'grep NoNewPrivs /proc/self/status | cut -f2; chmod 777 /tmp 2>&1; readlink /proc/self/ns/cgroup'
    const said = async (...options: string[]) => {
      const result = await daemon.gantry(['run', '--rm', ...options, 'busybox', 'sh', '-c', script])
      return result.stdout.trimEnd().split('\n')
    }
    const [privileges, denied, cgroup] = await said()
    assert.equal(privileges, '1')
    assert.match(denied ?? '', /Operation not permitted/)
    assert.notEqual(cgroup, await readlink('/proc/self/ns/cgroup'))
    const free = await said(
      ...['--security-opt', 'no-new-privileges=false', '--security-opt', 'seccomp=unconfined'],
      ...['--cgroupns', 'host'],
    )
    assert.deepEqual(free, ['0', await readlink('/proc/self/ns/cgroup')])
    const { body } = await daemon.api('GET', '/v1.47/info')
    const options = (body as { SecurityOptions: string[] }).SecurityOptions
    assert.ok(options.includes('name=no-new-privileges'), options.join())
    assert.ok(options.includes(`name=seccomp,profile=${scratch}/profile.json`), options.join())
    const id = (await daemon.gantry(['create', 'busybox'])).stdout.trim()
    assert.equal(
      (await daemon.gantry(['inspect', '-f', '{{.HostConfig.IpcMode}}', id])).stdout,
      'shareable\n',
    )

    // --icc=false: containers of the default network reach what a link names, and nothing else.
    const server = ['sh', '-c', 'nc -ll -p 80 -e echo hello & nc -ll -p 81 -e echo hello']
    await daemon.docker(['run', '-d', '--name', 'server', '--expose', '80', 'busybox', ...server])
    const ask = async (port: number, seconds: number, ...options: string[]) => {
      const address = await daemon.docker([
        'inspect',
        '-f',
        '{{.NetworkSettings.Networks.bridge.IPAddress}}',
        'server',
      ])
      const client = ['nc', '-w', String(seconds), address.stdout.trim(), String(port)]
      return (await daemon.docker(['run', '--rm', ...options, 'busybox', ...client])).stdout
    }
    await until('the linked port', async () => (await ask(80, 10, '--link', 'server')) === 'hello\n', 60)
    assert.equal(await ask(81, 2, '--link', 'server'), '')
    assert.equal(await ask(80, 2), '')
  })
})
