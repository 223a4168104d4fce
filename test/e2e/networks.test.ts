/** Networks as Docker's CLI and the HTTP API show them, and as containers feel them. */
import assert from 'node:assert/strict'
import { connect as connectTo, createServer } from 'node:net'
import { after, before, suite, test } from 'node:test'
import { failsBy, okBy } from './commands.ts'
import { startDaemon, type TestDaemon, until } from './harness.ts'
import { atOnce } from './recording.ts'

suite('networks', { concurrency: atOnce(2) }, () => {
  let daemon: TestDaemon
  const cleanUp: (() => unknown)[] = []
  /** The first three numbers of a subnet that no other test of this machine uses now. */
  const net = `10.${220 + ((process.pid >> 8) & 7)}.${process.pid & 255}`
  /** And of another one. */
  const other = `10.${230 + ((process.pid >> 8) & 7)}.${process.pid & 255}`

  /** Runs a command that must succeed; its stdout without the last newline. */
  const ok = okBy((args) => daemon.docker(args))

  const fails = failsBy((args) => daemon.docker(args))

  after(async () => {
    for (const hook of cleanUp) await hook()
  })

  before(async () => {
    daemon = await startDaemon({ after: (hook) => cleanUp.push(hook as () => void) })
  })

  test('the predefined networks are there', async () => {
    const format = '{{.Name}}|{{.Driver}}|{{.Scope}}|{{.IPv6}}|{{.Internal}}'
    assert.deepEqual(
      (await ok('network', 'ls', '-f', 'type=builtin', '--format', format)).split('\n').sort(),
      ['bridge|bridge|local|false|false', 'host|host|local|false|false', 'none|null|local|false|false'],
    )
    assert.equal(
      await ok('network', 'ls', '-q', '--no-trunc', '-f', 'name=^host$').then((id) => id.length),
      64,
    )
  })

  test('fields of the API: addresses that are kept free, endpoint settings, a scope, signals of a stop', async () => {
    const created = await daemon.api('POST', '/networks/create', {
      Name: 'fields',
      EnableIPv4: true,
      EnableIPv6: true,
      IPAM: {
        Driver: 'default',
        Options: { note: 'kept' },
        Config: [
          {
            Subnet: `${other}.64/28`,
            IPRange: `${other}.64/29`,
            AuxiliaryAddresses: { router: `${other}.66` },
          },
          { Subnet: 'fd00:66::/64' },
        ],
      },
    })
    assert.equal(created.status, 201, JSON.stringify(created.body))
    const shown = await daemon.api('GET', '/networks/fields?scope=local')
    const { IPAM } = shown.body as { IPAM: { Options: object; Config: { AuxiliaryAddresses?: object }[] } }
    assert.deepEqual(IPAM.Options, { note: 'kept' })
    assert.deepEqual(IPAM.Config[0]?.AuxiliaryAddresses, { router: `${other}.66` })
    const { body: networks } = await daemon.api('GET', '/networks')
    assert.deepEqual(
      (networks as { Name: string; IPAM: object }[]).find(({ Name }) => Name === 'fields')?.IPAM,
      IPAM,
    )
    await ok('run', '-d', '--name', 'fields-c', '--network', 'none', 'busybox', 'sleep', '600')
    await ok('network', 'disconnect', 'none', 'fields-c')
    const settings = {
      IPAMConfig: { IPv4Address: `${other}.70`, IPv6Address: 'fd00:66::70', LinkLocalIPs: ['169.254.7.70'] },
      Aliases: ['fields-alias'],
      DriverOpts: { 'com.docker.network.endpoint.sysctls': 'net.ipv4.conf.IFNAME.log_martians=1' },
      Links: ['linked:other-name'],
    }
    const body = { Container: 'fields-c', EndpointConfig: settings }
    assert.equal((await daemon.api('POST', '/networks/fields/connect', body)).status, 200)
    const { body: listed } = await daemon.api(
      'GET',
      '/containers/json?filters={"name":["fields-c"]}'.replace(/[{}"[\]]/g, encodeURIComponent),
    )
    const [{ NetworkSettings } = { NetworkSettings: { Networks: {} } }] = listed as {
      NetworkSettings: { Networks: Record<string, object> }
    }[]
    const { IPAMConfig, Aliases, DriverOpts, Links } = NetworkSettings.Networks.fields as typeof settings
    assert.deepEqual({ IPAMConfig, Aliases, DriverOpts, Links }, settings)
    assert.equal((await daemon.api('POST', '/containers/fields-c/restart?t=0&signal=SIGINT')).status, 204)
    assert.equal((await daemon.api('POST', '/containers/fields-c/stop?t=0&signal=SIGINT')).status, 204)
    assert.equal((await daemon.api('DELETE', '/containers/fields-c?v=1')).status, 204)
    assert.equal((await daemon.api('DELETE', '/networks/fields')).status, 204)
  })

  test('create, list, inspect, remove', async () => {
    const id = await ok('network', 'create', '--label', 'k=v', 'basic')
    assert.match(id, /^[0-9a-f]{64}$/)
    assert.equal(
      await fails('network', 'create', 'basic'),
      'Error response from daemon: network with name basic already exists',
    )
    assert.equal(
      await ok('network', 'ls', '-f', 'label=k=v', '--format', '{{.Name}} {{.Driver}}'),
      'basic bridge',
    )
    assert.equal(
      await ok('network', 'inspect', '-f', '{{.Name}} {{.Scope}} {{json .Labels}}', id.slice(0, 12)),
      'basic local {"k":"v"}',
    )
    assert.equal(await ok('network', 'rm', 'basic'), 'basic')
    assert.match(await fails('network', 'inspect', 'basic'), /network basic not found/)
  })

  test('what was asked for is shown again', async () => {
    const bridge = `gtn${process.pid % 10_000}`
    await ok(
      ...[
        'network',
        'create',
        '--subnet',
        `${net}.0/25`,
        '--gateway',
        `${net}.1`,
        '--ip-range',
        `${net}.64/26`,
      ],
      ...['-o', `com.docker.network.bridge.name=${bridge}`, '--internal', 'asked'],
    )
    const format = '{{json .IPAM.Config}} {{.Internal}} {{json .Options}}'
    assert.equal(
      await ok('network', 'inspect', '-f', format, 'asked'),
      `[{"Subnet":"${net}.0/25","IPRange":"${net}.64/26","Gateway":"${net}.1"}] true {"com.docker.network.bridge.name":"${bridge}"}`,
    )
    await ok('network', 'rm', 'asked')
  })

  const refusals: [string, string[], RegExp][] = [
    ['unknown driver', ['create', '--driver', 'nope', 'n'], /plugin "nope" not found/],
    [
      'malformed subnet',
      ['create', '--subnet', '300.0.0.0/8', 'n'],
      /invalid CIDR address: 300\.0\.0\.0\/8/i,
    ],
    ['predefined name', ['create', 'bridge'], /operation is not permitted on predefined bridge network/],
    ['predefined removal', ['rm', 'bridge'], /bridge is a pre-defined network and cannot be removed/],
    ['unknown network', ['rm', 'spec-none'], /network spec-none not found/],
    ['unknown container first', ['connect', 'spec-none', 'spec-a'], /No such container: spec-a/],
    ['unknown filter', ['ls', '--filter', 'nope=1'], /[Ii]nvalid filter 'nope'/],
    [
      'bad filter value',
      ['ls', '--filter', 'dangling=maybe'],
      /invalid value for filter 'dangling'|invalid filter 'dangling/,
    ],
    ['swarm scope', ['create', '-d', 'overlay', 'n'], /This node is not a swarm manager/],
  ]
  for (const [title, args, message] of refusals)
    test(`refused: ${title}`, async () => {
      assert.match(await fails('network', ...args), message)
      assert.equal(await ok('network', 'ls', '-q', '-f', 'name=^n$'), '')
    })

  test('a configuration-only network gives its settings to a network made from it', async () => {
    const bridge = `gtc${process.pid % 10_000}`
    const subnet = [`--subnet=${net}.128/27`, `--gateway=${net}.129`]
    const option = `--opt=com.docker.network.bridge.name=${bridge}`
    const id = await ok('network', 'create', '--config-only', ...subnet, option, '--label', 'cfg=1', 'config')
    const shown = '{{.Driver}} {{.ConfigOnly}} {{json .ConfigFrom}} {{json .IPAM.Config}} {{json .Options}}'
    const settings = `[{"Subnet":"${net}.128/27","Gateway":"${net}.129"}] {"com.docker.network.bridge.name":"${bridge}"}`
    assert.equal(
      await ok('network', 'inspect', '-f', shown, 'config'),
      `null true {"Network":""} ${settings}`,
    )
    const listed = await ok(
      'network',
      'ls',
      '-f',
      'type=custom',
      '-f',
      'label=cfg',
      '--format',
      '{{.Name}} {{.Driver}}',
    )
    assert.equal(listed, 'config null')
    await ok('network', 'create', '--config-from', 'config', '--internal', 'configured')
    assert.equal(
      await ok('network', 'inspect', '-f', `${shown} {{.Internal}} {{json .Labels}}`, 'configured'),
      `bridge false {"Network":"config"} ${settings} true {"cfg":"1"}`,
    )
    const address = `{{.NetworkSettings.Networks.configured.IPAddress}}`
    await ok('run', '-d', '--name', 'on-configured', '--network', 'configured', 'busybox', 'sleep', '600')
    assert.equal(await ok('inspect', '-f', address, 'on-configured'), `${net}.130`)

    const statuses: [string, string, object | undefined, number, RegExp][] = [
      ['DELETE', 'config', undefined, 403, /configuration network "config" is in use/],
      [
        'POST',
        'config/connect',
        { Container: 'on-configured' },
        403,
        /cannot create endpoint on configuration-only/,
      ],
      ['POST', 'create', { ConfigFrom: { Network: id } }, 404, /configuration network ".*" does not exist/],
      ['POST', 'create', { ConfigFrom: { Network: 'config' } }, 403, /Pool overlaps|same bridge name/],
      [
        'POST',
        'create',
        { ConfigFrom: { Network: 'config' }, Labels: { a: 'b' } },
        403,
        /user specified conf/,
      ],
      ['POST', 'create', { ConfigFrom: { Network: 'config' }, ConfigOnly: true }, 403, /cannot depend on/],
      ['POST', 'create', { ConfigOnly: true, Internal: true }, 403, /only contain network specific fields/],
    ]
    for (const [method, path, body, status, message] of statuses) {
      const answer = await daemon.api(method, `/networks/${path}`, body && { Name: 'refused', ...body })
      assert.equal(answer.status, status, `${method} ${path} ${JSON.stringify(body)}`)
      assert.match(JSON.stringify(answer.body).replaceAll('\\"', '"'), message)
    }
    assert.match(
      await fails('run', '--rm', '--network', 'config', 'busybox', 'true'),
      /cannot create endpoint on configuration-only network/,
    )
    await ok('rm', '-f', 'on-configured')
    await ok('network', 'rm', 'configured')
    await ok('network', 'rm', 'config')
  })

  test('containers of a user network find each other by name and alias', async () => {
    await ok('network', 'create', 'names')
    await ok(
      'run',
      '-d',
      '--name',
      'server',
      '--network',
      'names',
      '--network-alias',
      'db',
      'busybox',
      'sleep',
      '600',
    )
    const ip = await ok('inspect', '-f', '{{.NetworkSettings.Networks.names.IPAddress}}', 'server')
    for (const name of ['server', 'db'])
      assert.equal(
        await ok(
          'run',
          '--rm',
          '--network',
          'names',
          'busybox',
          'sh',
          '-c',
          `ping -c1 -w5 ${name} | head -1`,
        ),
        `PING ${name} (${ip}): 56 data bytes`,
      )
    assert.match(await ok('exec', 'server', 'cat', '/etc/resolv.conf'), /^nameserver 127\.0\.0\.11$/m)
    await ok('rm', '-f', 'server')
    await ok('network', 'rm', 'names')
  })

  test('a fixed address, and one that is taken', async () => {
    await ok('network', 'create', '--subnet', `${other}.128/25`, 'fixed')
    await ok(
      'run',
      '-d',
      '--name',
      'f1',
      '--network',
      'fixed',
      '--ip',
      `${other}.140`,
      'busybox',
      'sleep',
      '600',
    )
    assert.equal(
      await ok('inspect', '-f', '{{.NetworkSettings.Networks.fixed.IPAddress}}', 'f1'),
      `${other}.140`,
    )
    const refused = await fails(
      'run',
      '--name',
      'f2',
      '--network',
      'fixed',
      '--ip',
      `${other}.140`,
      'busybox',
      'true',
    )
    assert.match(refused, /Address already in use/)
    await ok('network', 'create', 'drawn')
    const drawn = (
      await ok('network', 'inspect', '-f', '{{(index .IPAM.Config 0).Gateway}}', 'drawn')
    ).replace(/\d+$/, '9')
    const message = /only when connecting to networks with user configured subnets$/m
    assert.match(await fails('network', 'connect', '--ip', drawn, 'drawn', 'f1'), message)
    assert.match(await fails('run', '--rm', '--network', 'drawn', '--ip', drawn, 'busybox', 'true'), message)
    await ok('network', 'rm', 'drawn')
    await ok('rm', '-f', 'f1', 'f2')
    await ok('network', 'rm', 'fixed')
  })

  test('a running container is connected to one more network, and disconnected', async () => {
    await ok('network', 'create', 'more')
    const id = await ok('run', '-d', '--name', 'joined', 'busybox', 'sleep', '600')
    await ok('network', 'connect', 'more', 'joined')
    const addresses = async () => await ok('exec', 'joined', 'ip', '-o', '-4', 'addr')
    assert.match(await addresses(), /eth1/)
    assert.equal(
      await ok('network', 'inspect', '-f', '{{range $id, $_ := .Containers}}{{$id}}{{end}}', 'more'),
      id,
    )
    assert.match(
      await fails('network', 'connect', 'more', 'joined'),
      /endpoint with name joined already exists in network more/,
    )
    assert.match(await fails('network', 'rm', 'more'), /network more id [0-9a-f]{64} has active endpoints/)
    await ok('network', 'disconnect', 'more', 'joined')
    assert.doesNotMatch(await addresses(), /eth1/)
    assert.match(
      await fails('network', 'disconnect', 'more', 'joined'),
      new RegExp(`container ${id} is not connected to (the )?network more`),
    )
    await ok('rm', '-f', 'joined')
    await ok('network', 'rm', 'more')
  })

  test('a stopped container is wired to what it was connected to when it starts', async () => {
    await ok('network', 'create', 'later')
    await ok('create', '--name', 'stopped', 'busybox', 'sleep', '600')
    await ok('network', 'connect', '--alias', 'al', 'later', 'stopped')
    await ok('start', 'stopped')
    assert.equal(await ok('inspect', '-f', '{{len .NetworkSettings.Networks}}', 'stopped'), '2')
    assert.match(await ok('exec', 'stopped', 'ip', '-o', '-4', 'addr'), /eth0[\s\S]*eth1/)
    await ok('run', '--rm', '--network', 'later', 'busybox', 'ping', '-c1', '-w5', 'al')
    await ok('rm', '-f', 'stopped')
    await ok('network', 'rm', 'later')
  })

  test('modes: none has a loopback only, container: shares, host refuses company', async () => {
    const none = ['run', '--rm', '--network', 'none', 'busybox', 'ip', '-o', 'addr']
    assert.deepEqual([...new Set((await ok(...none)).match(/^\d+: \w+/gm))], ['1: lo'])
    await ok('run', '-d', '--name', 'donor', 'busybox', 'sleep', '600')
    const address = ['ip', '-o', '-4', 'addr', 'show', 'eth0']
    assert.equal(
      await ok('run', '--rm', '--network', 'container:donor', 'busybox', ...address),
      await ok('exec', 'donor', ...address),
    )
    await ok('run', '-d', '--name', 'hosted', '--network', 'host', 'busybox', 'sleep', '600')
    assert.match(
      await fails('network', 'connect', 'bridge', 'hosted'),
      /container sharing network namespace with another container or host cannot be connected to any other network/,
    )
    await ok('rm', '-f', 'donor', 'hosted')
  })

  test('an internal network has no way out', async () => {
    await ok('network', 'create', '--internal', 'closed')
    assert.doesNotMatch(await ok('run', '--rm', '--network', 'closed', 'busybox', 'ip', 'route'), /default/)
    await ok('network', 'rm', 'closed')
  })

  test('containers of different networks do not reach each other', async () => {
    await ok('network', 'create', 'left')
    await ok('network', 'create', 'right')
    await ok('run', '-d', '--name', 'alone', '--network', 'left', 'busybox', 'sleep', '600')
    const ip = await ok('inspect', '-f', '{{.NetworkSettings.Networks.left.IPAddress}}', 'alone')
    const ping = (network: string) =>
      daemon.docker(['run', '--rm', '--network', network, 'busybox', 'ping', '-c1', '-W2', ip])
    assert.equal((await ping('left')).exitCode, 0)
    assert.equal((await ping('right')).exitCode, 1)
    await ok('rm', '-f', 'alone')
    await ok('network', 'rm', 'left', 'right')
  })

  test('a published port answers on localhost', async () => {
    const server = ['nc', '-ll', '-p', '8080', '-e', 'echo', 'hello']
    await ok('run', '-d', '--name', 'web', '-p', '127.0.0.1::8080', 'busybox', ...server)
    const [, port] = /^127\.0\.0\.1:(\d+)$/.exec(await ok('port', 'web', '8080')) ?? []
    assert.ok(port)
    const answer = await until('an answer', () => readAll(Number(port)))
    assert.equal(answer, 'hello\n')
    await ok('rm', '-f', 'web')
    await assert.rejects(connectOnce(Number(port)))
  })

  test('a port that is taken is named, and nothing is left of the container', async () => {
    const server = createServer()
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    const address = server.address()
    assert.ok(address && typeof address === 'object')
    const args = ['run', '--rm', '-p', `127.0.0.1:${address.port}:80`, '--name', 'blocked', 'busybox', 'true']
    assert.match(await fails(...args), /(port is already allocated|address already in use)/)
    server.close()
    assert.equal(await ok('ps', '-aq', '-f', 'name=blocked'), '')
  })

  test('prune removes what no container is on', async () => {
    await ok('network', 'create', '--label', 'prune', 'unused')
    assert.equal(await ok('network', 'prune', '-f', '--filter', 'label=prune'), 'Deleted Networks:\nunused')
  })

  test('the API: fields of inspect, statuses of failures', async () => {
    const { status, body } = await daemon.api('GET', '/v1.41/networks/bridge')
    assert.equal(status, 200)
    const fields = [
      'Name',
      'Id',
      'Created',
      'Scope',
      'Driver',
      'EnableIPv6',
      'IPAM',
      'Internal',
      'Attachable',
    ]
    for (const field of [...fields, 'Ingress', 'ConfigFrom', 'ConfigOnly', 'Containers', 'Options', 'Labels'])
      assert.ok(Object.hasOwn(body as object, field), field)
    const statuses: [string, string, unknown, number][] = [
      ['GET', '/networks/nope', undefined, 404],
      ['DELETE', '/networks/nope', undefined, 404],
      ['DELETE', '/networks/host', undefined, 403],
      ['POST', '/networks/create', { Name: 'x', Driver: 'nope' }, 404],
      ['POST', '/networks/bridge/connect', { Container: 'nope' }, 404],
    ]
    for (const [method, path, request, expected] of statuses)
      assert.equal((await daemon.api(method, `/v1.41${path}`, request)).status, expected, `${method} ${path}`)
  })
})

/** What a server on localhost sends until it closes; null while it refuses. */
async function readAll(port: number): Promise<string | null> {
  try {
    const socket = await connectOnce(port)
    let text = ''
    for await (const chunk of socket) text += chunk
    return text || null
  } catch {
    return null
  }
}

function connectOnce(port: number) {
  const { promise, resolve, reject } = Promise.withResolvers<ReturnType<typeof connectTo>>()
  const socket = connectTo(port, '127.0.0.1', () => resolve(socket))
  socket.once('error', reject)
  socket.setTimeout(10_000, () => socket.destroy(new Error('nothing came')))
  return promise
}
