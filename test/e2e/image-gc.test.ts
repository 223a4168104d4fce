/** Clean-up by a policy, through the command and both a daemon that has one and one that has none. */
import assert from 'node:assert/strict'
import { mkdir, writeFile } from 'node:fs/promises'
import { suite, test } from 'node:test'
import { startRegistry } from '../registry/registry.ts'
import { suiteDaemon, until } from './harness.ts'

suite('image gc', () => {
  const daemon = suiteDaemon({ busybox: true })

  const ok = async (...args: string[]) => {
    const { exitCode, stdout, stderr } = await daemon().gantry(args)
    assert.equal(exitCode, 0, stderr)
    return stdout
  }

  test('off unless configured; then what is unused goes, what a container has stays', async (t) => {
    const off = await daemon().gantry(['system', 'gc'])
    assert.equal(off.exitCode, 1)
    assert.match(off.stderr, /no clean-up is configured: set "image-gc" in daemon.json/)
    const policy = { unusedFor: 0, keepTagged: false }
    await writeFile(`${daemon().root}/daemon.json`, JSON.stringify({ 'image-gc': policy }))
    process.kill(daemon().pid, 'SIGHUP')
    await until(
      'the reload',
      async () => (await daemon().gantry(['system', 'gc', '--dry-run'])).exitCode === 0,
    )
    await ok('create', '--name', 'user', 'busybox', 'true')
    await ok('commit', 'user', 'spare:1')
    assert.match(
      await ok('system', 'gc', '--dry-run'),
      /^[0-9a-f]{12} +\S+ \S+Z spare:1\nSpace to be reclaimed: 0B\n$/,
    )
    assert.match(await ok('images'), /spare/)
    await mkdir(`${daemon().root}/empty`)
    await writeFile(`${daemon().root}/Dockerfile`, 'FROM busybox\nRUN touch /built\n')
    await ok('build', '-q', '-t', 'built:1', '-f', `${daemon().root}/Dockerfile`, `${daemon().root}/empty`)
    const preview = await ok('system', 'gc', '--dry-run')
    assert.match(preview, / built:1\n/)
    assert.match(preview, /^\S{12} +\S+ \S+Z build cache$/m)
    assert.equal(await ok('system', 'gc', '--dry-run'), preview, 'nothing went')
    assert.equal(
      await ok('system', 'gc'),
      preview.replace('Space to be reclaimed', 'Total reclaimed space'),
      'what was said would go',
    )
    assert.match(await ok('system', 'gc', '--dry-run'), /^Space to be reclaimed: 0B\n$/)
    const left = await ok('images')
    assert.match(left, /busybox/)
    assert.doesNotMatch(left, /spare/)
    assert.equal(await ok('start', '-a', 'user'), '')
    const registry = await startRegistry({}, t)
    const pulled = `${registry.host}/box:1`
    await ok('tag', 'busybox', pulled)
    await ok('push', '-q', pulled)
    await ok('rm', 'user')
    assert.match(await ok('system', 'gc'), /busybox/)
    assert.equal((await ok('images', '-q')).trim(), '')
    await ok('pull', '-q', pulled)
    await until('the clean-up after a pull', () => daemon().log.includes('clean-up removed 1 images'))
    assert.equal((await ok('images', '-q')).trim(), '')
  })
})
