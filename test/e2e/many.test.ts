/** Many containers at once: started, stopped and removed in parallel, again and again, with nothing left and nobody stuck. */
import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { remains, weight } from '../../bench/soak/remains.ts'
import { suiteDaemon, until } from './harness.ts'

const count = 50

suite('many containers', { concurrency: 1 }, () => {
  const daemon = suiteDaemon()

  test(`${count} are started, stopped and removed in parallel, twice`, async () => {
    const docker = daemon().dockerode
    for (let round = 0; round < 2; round++) {
      const containers = await Promise.all(
        Array.from({ length: count }, (_, index) =>
          docker.createContainer({
            name: `many-${index}`,
            Image: 'busybox',
            Cmd: ['sh', '-c', 'echo up; exec sleep 600'],
            StopSignal: 'SIGKILL',
            HostConfig: {
              Binds: ['shared:/shared'],
              PortBindings: { '80/tcp': [{ HostIp: '127.0.0.1', HostPort: '' }] },
            },
            ExposedPorts: { '80/tcp': {} },
          }),
        ),
      )
      await Promise.all(containers.map((container) => container.start()))
      const running = await docker.listContainers({ filters: { status: ['running'] } })
      assert.equal(running.length, count)
      const addresses = new Set(running.map((one) => one.NetworkSettings?.Networks.bridge?.IPAddress))
      const ports = new Set(running.map((one) => one.Ports[0]?.PublicPort))
      assert.deepEqual([addresses.size, ports.size], [count, count])
      await Promise.all(containers.map((container) => container.stop()))
      const ended = await docker.listContainers({ all: true, filters: { exited: ['137'] } })
      assert.equal(ended.length, count)
      await Promise.all(containers.map((container) => container.remove()))
    }
    await daemon().gantry(['volume', 'rm', 'shared'])
    await until('nothing left', async () => (await remains(daemon())).length === 0)
    assert.deepEqual(await remains(daemon()), [])
  })

  test('one container that everybody works on comes to an end that all agree on', async () => {
    const before = await weight(daemon())
    const work = [
      'start',
      'stop -t 0',
      'restart -t 0',
      'pause',
      'unpause',
      'kill',
      'exec',
      'inspect',
      'rename',
    ]
    await daemon().gantry(['create', '--name', 'busy', 'busybox', 'sleep', '600'])
    await Promise.all(
      Array.from({ length: 60 }, (_, index) => {
        const [verb = '', ...flags] = (work[index % work.length] ?? '').split(' ')
        const more = { exec: ['true'], rename: ['busy'] }[verb] ?? []
        return daemon().gantry([verb, ...flags, 'busy', ...more])
      }),
    )
    await daemon().gantry(['rm', '-f', 'busy'])
    await until('nothing left', async () => (await remains(daemon())).length === 0)
    await until('descriptors', async () => (await weight(daemon())).descriptors <= before.descriptors + 3)
    assert.ok(!/level=error/.test(daemon().log.replaceAll(/.*is not paused.*\n/g, '')), daemon().log)
  })
})
