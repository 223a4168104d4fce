/** The daemon is killed, or a step fails, while something is done to a container: networks, files, limits, its log. */
import assert from 'node:assert/strict'
import { existsSync } from 'node:fs'
import { writeFile } from 'node:fs/promises'
import { suite, test } from 'node:test'
import { fileFaultPoints, logFaultPoints, networkFaultPoints } from '@gantry/engine'
import { type TestDaemon, until } from '../harness.ts'
import { crashAt, faultyDaemon, list, nothingRemains, ok } from './faulty-daemon.ts'

suite('kill -9 of the daemon while a container is changed', () => {
  const suiteDaemon = faultyDaemon()

  for (const point of networkFaultPoints)
    test(`at ${point}`, async () => {
      const daemon = suiteDaemon()
      await ok(daemon, 'network', 'create', 'net')
      await ok(daemon, 'run', '-d', '--name', 'box', '--hostname', 'h', 'busybox', 'sleep', '600')
      await crashAt(daemon, point, [
        ['network', 'connect', 'net', 'box'],
        ['network', 'disconnect', 'net', 'box'],
      ])
      const format = '{{range .NetworkSettings.Networks}}{{println .IPAddress}}{{end}}'
      const addresses = (await ok(daemon, 'inspect', '-f', format, 'box')).trim().split('\n')
      assert.equal(addresses.length, point.includes('disconnect') ? 1 : 2)
      const links = await ok(daemon, 'exec', 'box', 'ip', '-o', '-4', 'addr', 'show', 'scope', 'global')
      const hosts = await ok(daemon, 'exec', 'box', 'grep', 'h$', '/etc/hosts')
      for (const text of [links, hosts]) {
        assert.equal(text.split('\n').length, addresses.length, text)
        for (const address of addresses) assert.ok(text.includes(address), `${address} in ${text}`)
      }
      if (addresses.length === 2) await ok(daemon, 'network', 'disconnect', 'net', 'box')
      await ok(daemon, 'network', 'rm', 'net')
      await ok(daemon, 'rm', '-f', 'box')
      await nothingRemains(daemon)
    })

  test('at container.update.*: the next one finishes the update', async () => {
    const daemon = suiteDaemon()
    await ok(daemon, 'run', '-d', '--name', 'subject', '-m', '64m', 'busybox', 'sleep', '600')
    for (const [point, bytes] of [
      ['container.update.recorded', 32 << 20],
      ['container.update.applied', 16 << 20],
    ] as const) {
      await crashAt(daemon, point, [['update', '-m', String(bytes), 'subject']])
      const stats = await daemon.api('GET', '/containers/subject/stats?stream=0')
      assert.equal((stats.body as { memory_stats: { limit: number } }).memory_stats.limit, bytes)
      assert.equal(await ok(daemon, 'inspect', '-f', '{{.HostConfig.Memory}}', 'subject'), String(bytes))
    }
    await ok(daemon, 'rm', '-f', 'subject')
  })

  for (const point of fileFaultPoints)
    test(`at ${point}`, async () => {
      const daemon = suiteDaemon()
      await prepareFiles(daemon)
      await crashAt(daemon, point, copyAndCommit)
      await filesInOrder(daemon)
    })

  for (const point of logFaultPoints)
    test(`at ${point} no line is lost and no file is left`, async () => {
      const daemon = suiteDaemon()
      const limits = ['--log-opt', 'max-size=200k', '--log-opt', 'max-file=500', '--log-opt', 'compress=true']
      const script =
        'for i in $(seq 0 3); do seq $((i*10000+1)) $((i*10000+10000)); sleep 0.4; done; sleep 600'
      await crashAt(daemon, point, [
        ['run', '-d', '--name', 'victim', ...limits, 'busybox', 'sh', '-c', script],
      ])
      await until('the end', async () => (await ok(daemon, 'logs', '-n', '1', 'victim')) === '40000')
      const lines = (await ok(daemon, 'logs', 'victim')).split('\n')
      assert.deepEqual(
        lines,
        Array.from({ length: 40_000 }, (_, index) => String(index + 1)),
      )
      const id = await ok(daemon, 'inspect', '-f', '{{.Id}}', 'victim')
      await until('compression', async () => {
        const files = (await list(`${daemon.root}/data/containers/${id}`)).filter((path) =>
          path.includes('/container.log'),
        )
        return files.length > 1 && files.every((path) => /\/container\.log(\.\d+\.gz)?$/.test(path))
      })
      await ok(daemon, 'rm', '-f', 'victim')
      await nothingRemains(daemon)
    })
})

suite('a log while the daemon is dead', () => {
  const suiteDaemon = faultyDaemon()

  test('grows, and the next daemon rotates it', async () => {
    const daemon = suiteDaemon()
    const script = 'until test -e /now; do sleep 0.02; done; seq 100000; touch /done; sleep 600'
    const limits = ['--log-opt', 'max-size=200k', '--log-opt', 'max-file=500']
    await ok(daemon, 'run', '-d', '--name', 'grows', ...limits, 'busybox', 'sh', '-c', script)
    const root = `/proc/${await ok(daemon, 'inspect', '-f', '{{.State.Pid}}', 'grows')}/root`
    const id = await ok(daemon, 'inspect', '-f', '{{.Id}}', 'grows')
    const files = async () =>
      (await list(`${daemon.root}/data/containers/${id}`)).filter((path) => path.includes('/container.log'))
    await daemon.kill9()
    await writeFile(`${root}/now`, '')
    await until('the output', () => existsSync(`${root}/done`))
    assert.equal((await files()).length, 1)
    await daemon.start()
    await until('rotation', async () => (await files()).length === 2)
    const lines = (await ok(daemon, 'logs', 'grows')).split('\n')
    assert.deepEqual(
      lines,
      Array.from({ length: 100_000 }, (_, index) => String(index + 1)),
    )
    await ok(daemon, 'rm', '-f', 'grows')
  })
})

suite('a step that fails while files are copied', () => {
  const suiteDaemon = faultyDaemon()

  for (const point of fileFaultPoints)
    test(`at ${point} is undone`, async () => {
      const daemon = suiteDaemon()
      await prepareFiles(daemon)
      await daemon.arm(`${point}:fail`)
      const results = []
      for (const command of copyAndCommit) results.push(await daemon.gantry(command))
      await daemon.arm(null)
      assert.ok(results.some(({ stderr }) => stderr.includes(`fault injected at ${point}`)))
      assert.equal(await ok(daemon, 'inspect', '-f', '{{.State.Status}}', 'running'), 'running')
      await filesInOrder(daemon)
    })
})

const copyAndCommit = [
  ['cp', '/etc/hostname', 'stopped:/vol/x'],
  ['commit', 'running', 'made:1'],
]

async function prepareFiles(daemon: TestDaemon): Promise<void> {
  await ok(daemon, 'run', '-d', '--name', 'running', 'busybox', 'sh', '-c', 'echo x > /x; exec sleep 600')
  await ok(daemon, 'create', '--name', 'stopped', '-v', 'vol:/vol', 'busybox', 'true')
  const written = async () => (await daemon.gantry(['exec', 'running', 'cat', '/x'])).stdout === 'x\n'
  await until('its file', written)
}

/** Both containers can be used, and nothing of the attempt is left. */
async function filesInOrder(daemon: TestDaemon): Promise<void> {
  const state = () => ok(daemon, 'inspect', '-f', '{{.State.Status}}', 'running')
  await until('the container to go on', async () => (await state()) === 'running')
  assert.equal(await ok(daemon, 'exec', 'running', 'cat', '/x'), 'x')
  assert.deepEqual(await list(`${daemon.root}/exec/views`), [])
  for (const command of copyAndCommit) await ok(daemon, ...command)
  await ok(daemon, 'start', '-a', 'stopped')
  assert.equal(await ok(daemon, 'run', '--rm', 'made:1', 'cat', '/x'), 'x')
  await ok(daemon, 'rm', '-f', 'stopped', 'running')
  await ok(daemon, 'volume', 'rm', 'vol')
  await ok(daemon, 'rmi', 'made:1')
  await nothingRemains(daemon)
}
