/** The daemon is killed in the middle of pulls and pushes: nothing is left half done, and the next one goes on. */
import assert from 'node:assert/strict'
import { after, before, suite, test } from 'node:test'
import { imageFaultPoints } from '@gantry/engine'
import { startRegistry, type TestRegistry } from '../../registry/registry.ts'
import type { TestDaemon } from '../harness.ts'
import { crashAt, faultyDaemon, list, ok } from './faulty-daemon.ts'

/** Repositories and digests of the blobs that the registry took in, from what it logged. */
const uploads = (registry: TestRegistry): string[] =>
  registry.log.flatMap((line) => {
    const [, repository, digest] =
      /method=PUT .*uri="\/v2\/(\S+)\/blobs\/uploads\/\S*digest=(\S+?)" .*status=201/.exec(line) ?? []
    return digest === undefined ? [] : [`${repository} ${digest}`]
  })

/** Commits an image of two layers, the second with bytes that nobody else has. */
async function make(daemon: TestDaemon, name: string): Promise<string> {
  const script = 'head -c 3000000 /dev/urandom > /noise; sha256sum /noise'
  const sum = await ok(daemon, 'run', '--name', 'maker', 'busybox', 'sh', '-c', script)
  await ok(daemon, 'commit', 'maker', name)
  await ok(daemon, 'rm', 'maker')
  return sum
}

const sumOf = (daemon: TestDaemon, name: string) => ok(daemon, 'run', '--rm', name, 'sha256sum', '/noise')
const partials = (daemon: TestDaemon) => list(`${daemon.root}/data/content/partial`)

suite('kill -9 of the daemon while images come and go', () => {
  const suiteDaemon = faultyDaemon()
  let registry: TestRegistry
  before(async () => {
    registry = await startRegistry()
  })
  after(() => registry.stop())

  for (const point of imageFaultPoints.filter((name) => name.startsWith('image.push')))
    test(`at ${point}: the next push sends only what is missing`, async () => {
      const daemon = suiteDaemon()
      const name = `${registry.host}/${point.replaceAll('.', '/')}:1`
      const sum = await make(daemon, name)
      const before = uploads(registry).length
      await crashAt(daemon, point, [['push', name]])
      const sent = uploads(registry).length - before
      if (point !== 'image.push.upload') assert.ok(sent >= 1, `${sent} blobs sent`)
      const pushed = await ok(daemon, 'push', name)
      assert.match(pushed, /\n1: digest: sha256:[0-9a-f]{64} size: \d+$/)
      const all = uploads(registry)
      assert.ok(all.length >= before + 2, 'its layer and its configuration')
      assert.deepEqual(all, [...new Set(all)], 'nothing twice')
      if (point === 'image.push.layers' || point === 'image.push.manifest')
        assert.equal(pushed.match(/: Layer already exists/g)?.length, 2, pushed)
      await ok(daemon, 'rmi', '-f', name)
      await ok(daemon, 'pull', name)
      assert.equal(await sumOf(daemon, name), sum)
      await ok(daemon, 'rmi', '-f', name)
      assert.deepEqual(await partials(daemon), [])
    })

  test('at image.pull.*: what is there is kept, and pulled again is whole', async () => {
    const daemon = suiteDaemon()
    const name = `${registry.host}/app:1`
    const sum = await make(daemon, name)
    await ok(daemon, 'push', name)
    await ok(daemon, 'rmi', '-f', name, 'busybox')
    const blobs = () => list(`${daemon.root}/data/content/blobs/sha256`)
    const fetched = () => registry.log.filter((line) => /method=GET .*\/blobs\/sha256/.test(line)).length
    const layers = async () =>
      (await list(`${daemon.root}/data/layers`)).filter((path) => !path.endsWith('/tmp'))
    for (const point of imageFaultPoints.filter((name) => name.startsWith('image.pull'))) {
      await crashAt(daemon, point, [['pull', name]])
      const listed = await ok(daemon, 'images', '-q')
      assert.equal(listed !== '', point === 'image.pull.registered', point)
      const before = fetched()
      await ok(daemon, 'pull', name)
      if (point === 'image.pull.layers') assert.equal(fetched() - before, 1, 'its configuration alone')
      assert.equal(await sumOf(daemon, name), sum)
      await ok(daemon, 'rmi', '-f', name)
      assert.deepEqual([await layers(), await blobs(), await partials(daemon)], [[], [], []], point)
    }
  })
})
