/** The daemon dies, or a step fails, while files are copied into a container or an image is made of it. */
import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { suite, test } from 'node:test'
import { fileFaultPoints } from '@gantry/engine'
import { startDaemon, type TestDaemon, until } from './harness.ts'

async function ok(daemon: TestDaemon, ...args: string[]): Promise<string> {
  const result = await daemon.gantry(args)
  assert.equal(result.exitCode, 0, `${args.join(' ')}: ${JSON.stringify(result)}\n${daemon.log}`)
  return result.stdout.trimEnd()
}

const copyAndCommit = async (daemon: TestDaemon) => {
  const copied = await daemon.gantry(['cp', '/etc/hostname', 'stopped:/vol/x'])
  const committed = await daemon.gantry(['commit', 'running', 'made:1'])
  return [copied, committed]
}

async function prepared(daemon: TestDaemon): Promise<void> {
  await ok(daemon, 'run', '-d', '--name', 'running', 'busybox', 'sh', '-c', 'echo x > /x; exec sleep 600')
  await ok(daemon, 'create', '--name', 'stopped', '-v', 'vol:/vol', 'busybox', 'true')
  await daemon.stop()
}

/** Both containers can be used, and nothing of the attempt is left. */
async function inOrder(daemon: TestDaemon): Promise<void> {
  await until('the container to go on', async () => {
    return (await daemon.gantry(['inspect', '-f', '{{.State.Status}}', 'running'])).stdout === 'running\n'
  })
  assert.equal(await ok(daemon, 'exec', 'running', 'cat', '/x'), 'x')
  const mounts = (await readFile('/proc/self/mountinfo', 'utf8')).split('\n')
  assert.deepEqual(
    mounts.filter((line) => line.includes(`${daemon.root}/exec/views`)),
    [],
  )
  const results = await copyAndCommit(daemon)
  assert.deepEqual(
    results.map(({ exitCode }) => exitCode),
    [0, 0],
    JSON.stringify(results),
  )
  await ok(daemon, 'start', '-a', 'stopped')
  assert.equal(await ok(daemon, 'run', '--rm', 'made:1', 'cat', '/x'), 'x')
  await ok(daemon, 'rm', '-f', 'stopped', 'running')
  await ok(daemon, 'volume', 'rm', 'vol')
}

suite('copying and committing', { concurrency: 2 }, () => {
  for (const point of fileFaultPoints) {
    test(`the daemon dies at ${point}`, async (t) => {
      const daemon = await startDaemon(t)
      await prepared(daemon)
      await daemon.start({ GANTRY_FAULT: `${point}:crash` })
      await copyAndCommit(daemon)
      await daemon.ended()
      await daemon.start()
      await inOrder(daemon)
    })

    test(`a failure at ${point} is undone`, async (t) => {
      const daemon = await startDaemon(t)
      await prepared(daemon)
      await daemon.start({ GANTRY_FAULT: `${point}:fail` })
      const results = await copyAndCommit(daemon)
      assert.ok(results.some(({ stderr }) => stderr.includes(`fault injected at ${point}`)))
      assert.equal(await ok(daemon, 'inspect', '-f', '{{.State.Status}}', 'running'), 'running')
      await daemon.stop()
      await daemon.start()
      await inOrder(daemon)
    })
  }
})
