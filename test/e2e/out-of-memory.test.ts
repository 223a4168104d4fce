/** What the kernel does to a container that wants more memory than it may have. */
import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { suiteDaemon, until } from './harness.ts'

const greedy = 'x=a; while :; do x=$x$x; done'
const state = '{{.State.Status}} {{.State.OOMKilled}} {{.State.ExitCode}}'

suite('out of memory', () => {
  const daemon = suiteDaemon()
  const shown = async (name: string) => (await daemon().docker(['inspect', '-f', state, name])).stdout.trim()
  const events = async (name: string) => {
    const now = String(Math.ceil(Date.now() / 1000) + 1)
    const query = ['--since', '0', '--until', now, '--filter', `container=${name}`, '--format', '{{.Action}}']
    return (await daemon().docker(['events', ...query])).stdout
      .split('\n')
      .filter((action) => /oom|die/.test(action))
  }

  test('its first process is killed: 137, OOMKilled and the event', async () => {
    const { exitCode } = await daemon().gantry([
      'run',
      '--name',
      'first',
      '-m',
      '8m',
      'busybox',
      'sh',
      '-c',
      greedy,
    ])
    assert.equal(exitCode, 137)
    assert.equal(await shown('first'), 'exited true 137')
    assert.deepEqual(await events('first'), ['oom', 'die'])
  })

  test('another one is killed: told at once, and the container runs on', async () => {
    const script = `(${greedy}); sleep 600`
    await daemon().gantry(['run', '-d', '--name', 'child', '-m', '8m', 'busybox', 'sh', '-c', script])
    await until('the kernel', async () => (await shown('child')) === 'running true 0')
    assert.deepEqual(await events('child'), ['oom'])
    await daemon().kill9()
    await daemon().start()
    assert.equal(await shown('child'), 'running true 0')
    await daemon().docker(['kill', 'child'])
    await until('its end', async () => (await shown('child')) === 'exited true 137')
    assert.deepEqual(await events('child'), ['oom', 'die'])
  })
})
