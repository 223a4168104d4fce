/** Names that containers have for each other: links of the default network, and /etc/hosts while networks come and go. */
import assert from 'node:assert/strict'
import { readFile, writeFile } from 'node:fs/promises'
import { suite, test } from 'node:test'
import { failsBy, okBy } from './commands.ts'
import { leavesNothing } from './daemon-state.ts'
import { suiteDaemon, until } from './harness.ts'

const sleeps = ['busybox', 'sleep', '600']

suite('links and hosts', { concurrency: 1 }, () => {
  const daemon = suiteDaemon()

  const ok = okBy((args) => daemon().docker(args))
  const fails = failsBy((args) => daemon().docker(args))
  const hosts = async (name: string) => (await ok('exec', name, 'cat', '/etc/hosts')).split('\n').slice(6)
  const address = (name: string, network = 'bridge') =>
    ok('inspect', '-f', `{{(index .NetworkSettings.Networks "${network}").IPAddress}}`, name)
  const idOf = async (name: string) => (await ok('inspect', '-f', '{{.Id}}', name)).slice(0, 12)

  test('a link: hosts, variables, names; after renames, restarts of the target, and a new daemon', () =>
    leavesNothing(daemon(), async () => {
      await ok('run', '-d', '--name', 'target', '-e', 'FOO=bar', '--expose', '80', ...sleeps)
      await ok('run', '-d', '--name', 'user', '--link', 'target:db', '--link', 'target', ...sleeps)
      const id = await idOf('target')
      const first = await address('target')
      const own = `${await address('user')}\t${await idOf('user')}`
      assert.deepEqual(await hosts('user'), [`${first}\tdb ${id} target`, `${first}\ttarget ${id}`, own])
      const variables = (await ok('exec', 'user', 'env')).split('\n')
      for (const variable of ['DB_NAME=/user/db', `DB_PORT_80_TCP_ADDR=${first}`, 'DB_ENV_FOO=bar'])
        assert.ok(variables.includes(variable), variable)
      assert.equal(
        await ok('ps', '--no-trunc', '--format', '{{.Names}}', '-f', 'name=target'),
        'target,user/db,user/target',
      )
      assert.equal(
        await ok('inspect', '-f', '{{json .HostConfig.Links}}', 'user'),
        '["/target:/user/db","/target:/user/target"]',
      )
      assert.equal(await ok('inspect', '-f', '{{.Name}}', 'user/db'), '/target')
      await ok('exec', 'user', 'sh', '-c', 'echo "# mine" >> /etc/hosts')

      await ok('rename', 'target', 'moved')
      await ok('stop', '-t', '0', 'moved')
      await ok('run', '-d', '--name', 'filler', ...sleeps)
      await daemon().kill9()
      await daemon().start()
      await ok('start', 'moved')
      const second = await address('moved')
      assert.notEqual(second, first)
      const now = [`${second}\tdb ${id} moved`, `${second}\ttarget ${id} moved`, own, '# mine']
      assert.deepEqual(await hosts('user'), now)

      assert.equal(await ok('rm', '--link', 'user/db'), 'user/db')
      assert.deepEqual(await hosts('user'), now.slice(1))
      assert.match(await fails('rm', '--link', 'user/db'), /No such container: user\/db$/)
      assert.match(
        await fails('rm', '--link', 'user'),
        /Conflict, cannot remove the default link name of the container$/,
      )
      const own2 = await daemon().gantry(['rm', '--link', '/user/target'])
      assert.deepEqual([own2.stdout, own2.stderr, own2.exitCode], ['/user/target\n', '', 0])
      assert.equal(await ok('inspect', '-f', '{{json .HostConfig.Links}}', 'user'), 'null')
      await ok('restart', '-t', '0', 'user')
      assert.deepEqual(await hosts('user'), [`${await address('user')}\t${await idOf('user')}`])
      await ok('rm', '-f', 'user', 'moved', 'filler')
    }))

  test('links that cannot be', async () => {
    await ok('network', 'create', 'apart')
    await ok('create', '--name', 'idle', ...sleeps)
    await ok('run', '-d', '--name', 'elsewhere', '--network', 'apart', ...sleeps)
    for (const [link, message] of [
      ['nope', 'could not get container for nope: No such container: nope'],
      ['idle:x', 'Cannot link to a non running container: /idle AS /wisher/x'],
      ['elsewhere', 'Cannot link to /elsewhere, as it does not belong to the default network'],
    ] as const) {
      const text = await fails('run', '--name', 'wisher', '--link', link, 'busybox', 'true')
      assert.match(text, new RegExp(`Error response from daemon: ${message}$`, 'm'))
      await ok('rm', '-f', 'wisher')
    }
    assert.match(
      await fails('create', '--net', 'host', '--link', 'idle', 'busybox'),
      /host type networking can't be used with links/,
    )
    await ok('rm', '-f', 'idle', 'elsewhere')
    await ok('network', 'rm', 'apart')
  })

  test('on a network of a user a link is an alias that one container knows', async () => {
    await ok('network', 'create', 'named')
    await ok('run', '-d', '--name', 'server', '--network', 'named', ...sleeps)
    const ping = ['busybox', 'ping', '-c1', '-w5', 'alias']
    assert.match(
      await ok('run', '--rm', '--network', 'named', '--link', 'server:alias', ...ping),
      /^PING alias/,
    )
    await ok('rm', '-f', 'server')
    await ok('network', 'rm', 'named')
  })

  test('hosts and resolv.conf follow connect and disconnect', async () => {
    await ok('network', 'create', 'later')
    await ok('run', '-d', '--name', 'moving', '--hostname', 'h', '--domainname', 'd', ...sleeps)
    const resolver = () => ok('exec', 'moving', 'grep', 'nameserver', '/etc/resolv.conf')
    const before = await hosts('moving')
    assert.notEqual(await resolver(), 'nameserver 127.0.0.11')
    await ok('exec', 'moving', 'sh', '-c', 'echo "# mine" >> /etc/hosts')
    await ok('network', 'connect', '--alias', 'al', '--link-local-ip', '169.254.8.8', 'later', 'moving')
    const line = `${await address('moving', 'later')}\th.d h`
    assert.deepEqual(await hosts('moving'), [...before, '# mine', line])
    assert.equal(await resolver(), 'nameserver 127.0.0.11')
    assert.match(await ok('exec', 'moving', 'ip', '-o', 'addr', 'show', 'eth1'), / 169\.254\.8\.8\/16 /)
    assert.equal(
      await ok('inspect', '-f', '{{json .NetworkSettings.Networks.later.IPAMConfig}}', 'moving'),
      '{"LinkLocalIPs":["169.254.8.8"]}',
    )
    await ok('network', 'disconnect', 'bridge', 'moving')
    assert.deepEqual(await hosts('moving'), ['# mine', line])
    await ok('network', 'disconnect', 'later', 'moving')
    assert.deepEqual(await hosts('moving'), ['# mine'])

    await ok('exec', 'moving', 'sh', '-c', 'echo "nameserver 192.0.2.1" > /etc/resolv.conf')
    await ok('exec', 'moving', 'sh', '-c', 'head -c 2000000 /dev/zero > /etc/hosts')
    await ok('network', 'connect', 'later', 'moving')
    assert.equal(await resolver(), 'nameserver 192.0.2.1', 'what the container wrote itself stays')
    assert.match(
      await fails('network', 'connect', '--link-local-ip', 'x', 'bridge', 'moving'),
      /invalid link-local IP address: x|invalid argument/,
    )
    await ok('rm', '-f', 'moving')
    await ok('network', 'rm', 'later')
  })

  test('extra hosts, resolvers, host-gateway', async () => {
    const gateway = await ok('network', 'inspect', '-f', '{{(index .IPAM.Config 0).Gateway}}', 'bridge')
    const wishes = ['--add-host', 'up:host-gateway', '--add-host', 'six:[::1]', '--dns', '192.0.2.53']
    const more = ['--dns-search', 'example.org', '--dns-option', 'ndots:3', '--name', 'wishes']
    await ok('run', '-d', ...wishes, ...more, ...sleeps)
    assert.deepEqual((await hosts('wishes')).slice(0, 2), [`${gateway}\tup`, '::1\tsix'])
    assert.equal(
      await ok('exec', 'wishes', 'cat', '/etc/resolv.conf'),
      'search example.org\nnameserver 192.0.2.53\noptions ndots:3',
    )
    await ok('rm', '-f', 'wishes')
    await daemon().stop()
    const file = `${daemon().root}/daemon.json`
    const config = await readFile(file, 'utf8')
    await writeFile(file, '{"host-gateway-ips": ["192.0.2.1", "2001:db8::1"]}')
    await daemon().start()
    const out = await ok('run', '--rm', '--add-host', 'up:host-gateway', 'busybox', 'cat', '/etc/hosts')
    assert.match(out, /^192\.0\.2\.1\tup\n2001:db8::1\tup$/m)
    await writeFile(file, config)
  })

  test('an endpoint as the API of the time shows it', async () => {
    await ok('network', 'create', '--subnet', '10.219.77.0/24', 'shown')
    const settings = {
      IPAMConfig: { IPv4Address: '10.219.77.9', LinkLocalIPs: ['169.254.9.9'] },
      Aliases: ['al'],
      MacAddress: '02:42:00:00:00:09',
      DriverOpts: { 'com.docker.network.endpoint.ifname': 'lan0' },
      GwPriority: 7,
    }
    const body = {
      Image: 'busybox',
      Cmd: ['sleep', '600'],
      Hostname: 'h',
      HostConfig: { NetworkMode: 'shown' },
      NetworkingConfig: { EndpointsConfig: { shown: settings, bridge: {} } },
    }
    const created = await daemon().api('POST', '/v1.55/containers/create?name=ep', body)
    assert.equal(created.status, 201, JSON.stringify(created.body))
    await ok('start', 'ep')
    type Inspected = {
      Config: { MacAddress?: string }
      NetworkSettings: { Networks: Record<string, Record<string, unknown>> }
    }
    const inspect = async (version: string) =>
      (await daemon().api('GET', `/v${version}/containers/ep/json`)).body as Inspected
    const { Config, NetworkSettings } = await inspect('1.55')
    const { NetworkID, EndpointID, ...shown } = NetworkSettings.Networks.shown ?? {}
    assert.match(`${NetworkID} ${EndpointID}`, /^[0-9a-f]{64} [0-9a-f]{64}$/)
    assert.deepEqual(shown, {
      ...settings,
      Links: null,
      Gateway: '10.219.77.1',
      IPAddress: '10.219.77.9',
      IPPrefixLen: 24,
      IPv6Gateway: '',
      GlobalIPv6Address: '',
      GlobalIPv6PrefixLen: 0,
      DNSNames: ['ep', 'al', await idOf('ep'), 'h'],
    })
    assert.equal(Config.MacAddress, undefined)
    assert.match(await ok('exec', 'ep', 'ip', 'route'), /^default via 10\.219\.77\.1 dev lan0/)
    const old = await inspect('1.41')
    assert.equal(old.Config.MacAddress, '02:42:00:00:00:09')
    assert.deepEqual(old.NetworkSettings.Networks.shown?.Aliases, ['al', await idOf('ep')])
    for (const absent of ['GwPriority', 'DNSNames'])
      assert.ok(!Object.hasOwn(old.NetworkSettings.Networks.shown ?? {}, absent), absent)
    await ok('rm', '-f', 'ep')
    const mac = { Image: 'busybox', Cmd: ['sleep', '600'], MacAddress: '02:42:00:00:00:0a' }
    assert.equal((await daemon().api('POST', '/v1.41/containers/create?name=ep', mac)).status, 201)
    await ok('start', 'ep')
    await until('the address', async () =>
      (await ok('exec', 'ep', 'ip', '-o', 'link', 'show', 'eth0')).includes('02:42:00:00:00:0a'),
    )
    await ok('rm', '-f', 'ep')
    await ok('network', 'rm', 'shown')
  })
})
