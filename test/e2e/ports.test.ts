/**
 * Published ports, on a machine of their own: this process and all that it starts live in a network namespace, with a
 * neighbour on a wire. Answers are asked for with busybox, from wherever they are asked for.
 */
import assert from 'node:assert/strict'
import { after, before, suite, test } from 'node:test'
import { enterOwnNetwork, isRoot } from '../../packages/network/testing.ts'
import { okBy } from './commands.ts'
import { leavesNothing } from './daemon-state.ts'
import { run, suiteDaemon, until } from './harness.ts'

if (isRoot) enterOwnNetwork()
const neighbour = `gantry-e2e-neighbour-${process.pid}`

suite('published ports', { skip: !isRoot && 'needs root' }, () => {
  const daemon = suiteDaemon()

  before(async () => {
    for (const command of [
      `ip netns add ${neighbour}`,
      `ip link add out0 type veth peer name eth0 netns ${neighbour}`,
      'ip addr add 192.0.2.1/24 dev out0',
      'ip addr add 2001:db8:1::1/64 dev out0 nodad',
      'ip link set out0 up',
      `ip -n ${neighbour} addr add 192.0.2.9/24 dev eth0`,
      `ip -n ${neighbour} addr add 2001:db8:1::9/64 dev eth0 nodad`,
      `ip -n ${neighbour} link set eth0 up`,
      `ip -n ${neighbour} route add default via 192.0.2.1`,
      // As a neighbour with bad intentions would have it, on a host that somebody made careless.
      `ip netns exec ${neighbour} sysctl -qw net.ipv4.conf.eth0.route_localnet=1`,
      `ip -n ${neighbour} route replace 127.0.0.0/8 via 192.0.2.1 table 50`,
      `ip -n ${neighbour} rule add pref 0 to 127.0.0.0/8 lookup 50`,
      `ip -n ${neighbour} rule add pref 1 lookup local`,
      `ip -n ${neighbour} rule del pref 0 lookup local`,
      'sysctl -qw net.ipv4.conf.out0.route_localnet=1',
    ]) {
      const result = await run('sh', ['-c', command])
      assert.equal(result.exitCode, 0, `${command}: ${result.stderr}`)
    }
  })
  after(async () => {
    await run('ip', ['netns', 'delete', neighbour])
  })

  /** What a server says to a client here, or next door. Whoever expects nothing does not wait long for it. */
  async function ask(
    address: string,
    port: number,
    from: 'here' | 'neighbour' = 'here',
    seconds = 30,
  ): Promise<string> {
    const there = from === 'here' ? [] : ['ip', 'netns', 'exec', neighbour]
    const client = `exec 3<>/dev/tcp/${address}/${port} && cat <&3`
    // With a socket as its input, bash would read .bashrc first, which takes long at times.
    const { stdout } = await run('timeout', [String(seconds), ...there, 'bash', '--norc', '-c', client])
    return stdout.trimEnd()
  }
  const answers = (address: string, port: number) =>
    until(`[${address}]:${port}`, async () => (await ask(address, port)) === 'hello')

  const server = (port: number) => ['nc', '-ll', '-p', String(port), '-e', 'echo', 'hello']

  const ok = (command: 'gantry' | 'docker', ...args: string[]) =>
    okBy((words) => daemon()[command](words))(...args)

  test('SCTP: on IPv4 addresses for a container without IPv6, and said so', async () => {
    await leavesNothing(daemon(), async () => {
      await ok('docker', 'run', '-d', '--name', 'sctp', '-p', '8086:80/sctp', 'busybox', 'sleep', '600')
      assert.equal(await ok('docker', 'port', 'sctp'), '80/sctp -> 0.0.0.0:8086')
      assert.equal(await ok('docker', 'ps', '--format', '{{.Ports}}'), '0.0.0.0:8086->80/sctp')
      await ok('docker', 'rm', '-f', 'sctp')
      const refused = await daemon().docker(['run', '--rm', '-p', '[::]:8086:80/sctp', 'busybox', 'true'])
      assert.equal(refused.exitCode, 125)
      assert.match(refused.stderr, /cannot publish on ::: the network has no IPv6/)
    })
  })

  for (const command of ['gantry', 'docker'] as const)
    test(`on all addresses of both families: ${command}`, async () => {
      await leavesNothing(daemon(), async () => {
        const ports = ['-p', '8080:80', '-p', '[::1]:8081:80', '-p', '0.0.0.0:8082:80']
        await ok(command, 'run', '-d', '--name', 'web', ...ports, 'busybox', ...server(80))
        const shown =
          '0.0.0.0:8082->80/tcp, 0.0.0.0:8080->80/tcp, [::]:8080->80/tcp, [::1]:8081->80/tcp'.split(', ')
        const table = await ok(command, 'ps', '--format', '{{.Ports}}')
        assert.deepEqual(table.split(', ').sort(), shown.sort())
        assert.match(await ok(command, 'port', 'web'), /^80\/tcp -> \[::\]:8080$/m)
        const bound = await ok(
          command,
          'inspect',
          '-f',
          '{{json (index .NetworkSettings.Ports "80/tcp")}}',
          'web',
        )
        assert.ok(
          (JSON.parse(bound) as object[]).some(
            (one) => JSON.stringify(one) === '{"HostIp":"::","HostPort":"8080"}',
          ),
        )
        for (const address of ['127.0.0.1', '192.0.2.1', '::1', '2001:db8:1::1']) await answers(address, 8080)
        await answers('::1', 8081)
        assert.equal(await ask('2001:db8:1::1', 8080, 'neighbour'), 'hello')
        assert.equal(await ask('::1', 8082, 'here', 2), '')
        await ok(command, 'rm', '-f', 'web')
        assert.equal(await ask('::1', 8080, 'here', 2), '')
      })
    })

  test('they are served while the daemon is dead, and by the next one', async () => {
    await ok('docker', 'run', '-d', '--name', 'web', '-p', '8080:80', 'busybox', ...server(80))
    await answers('::1', 8080)
    await daemon().kill9()
    assert.equal(await ask('::1', 8080), 'hello')
    await daemon().start()
    assert.equal(await ask('::1', 8080), 'hello')
    assert.match(await ok('docker', 'ps', '--format', '{{.Ports}}'), /\[::\]:8080->80\/tcp/)
    const second = await daemon().docker(['run', '--rm', '-p', '[::]:8080:80', 'busybox', 'true'])
    assert.match(second.stderr, /Bind for \[::\]:8080 failed: port is already allocated/)
    assert.equal(second.exitCode, 125)
    await daemon().stop()
    assert.equal(await ask('::1', 8080), 'hello', 'a container that runs keeps its port')
    await daemon().start()
    await ok('docker', 'restart', '-t', '0', 'web')
    await answers('::1', 8080)
    await ok('docker', 'rm', '-f', 'web')
  })

  test('CVE-2025-54388: a port on localhost is for this machine, also after a reload and a restart', async () => {
    const ports = ['-p', '127.0.0.1:8083:80', '-p', '[::1]:8084:80', '-p', '8085:80']
    await ok('docker', 'run', '-d', '--name', 'local', ...ports, 'busybox', ...server(80))
    const address = await ok(
      'docker',
      'inspect',
      '-f',
      '{{.NetworkSettings.Networks.bridge.IPAddress}}',
      'local',
    )
    const check = async (when: string) => {
      await answers('127.0.0.1', 8083)
      await answers('::1', 8084)
      assert.equal(await ask('192.0.2.1', 8085, 'neighbour'), 'hello', `published on all, ${when}`)
      const closed: [string, number][] = [
        ['127.0.0.1', 8083],
        ['192.0.2.1', 8083],
        ['2001:db8:1::1', 8084],
        ['127.0.0.1', 8085],
        [address, 80],
      ]
      const said = await Promise.all(closed.map(([host, port]) => ask(host, port, 'neighbour', 1)))
      assert.deepEqual(
        said,
        closed.map(() => ''),
        when,
      )
    }
    await check('at first')
    process.kill(daemon().pid, 'SIGHUP')
    await until('the reload', () => daemon().log.includes('reloading configuration'))
    await check('after a reload')
    await daemon().kill9()
    await check('without a daemon')
    await daemon().start()
    await check('after a restart')
    await run('nft', ['flush', 'ruleset'])
    await until('the rules to be back', async () => (await ask('127.0.0.1', 8083)) === 'hello')
    await check('after a firewall was flushed')
    await ok('docker', 'rm', '-f', 'local')
  })
})

suite('published ports without the forwarder', { skip: !isRoot && 'needs root' }, () => {
  const daemon = suiteDaemon({ flags: ['--userland-proxy=false'] })

  test('only IPv4 addresses are served', async () => {
    const published = ['run', '-d', '--name', 'web', '-p', '8090:80', 'busybox', 'sleep', '60']
    assert.equal((await daemon().docker(published)).exitCode, 0)
    assert.equal((await daemon().docker(['ps', '--format', '{{.Ports}}'])).stdout, '0.0.0.0:8090->80/tcp\n')
    const refused = await daemon().docker(['run', '--rm', '-p', '[::1]:8091:80', 'busybox', 'true'])
    assert.match(refused.stderr, /cannot publish on ::1/)
    assert.equal(refused.exitCode, 125)
  })
})
