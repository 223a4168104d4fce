/** The daemon is killed at every step of a build: nothing of it is left, and the next build uses what was finished. */
import assert from 'node:assert/strict'
import { mkdir, rm, writeFile } from 'node:fs/promises'
import { after, before, suite, test } from 'node:test'
import { buildFaultPoints } from '@gantry/engine'
import type { TestDaemon } from '../harness.ts'
import { crashAt, faultyDaemon, list, nothingRemains, ok } from './faulty-daemon.ts'

/** Two layers below a step that tells the points apart: what it is given differs each time. */
const dockerfile = [
  'FROM busybox',
  'COPY file /file',
  'RUN --mount=type=cache,target=/cache echo x >> /cache/runs; sleep 0.1; cat /file /proc/sys/kernel/random/uuid > /made',
  'COPY last /last',
].join('\n')

suite('kill -9 of the daemon in a build', () => {
  const suiteDaemon = faultyDaemon()
  let context: string
  before(async () => {
    context = `${suiteDaemon().root}/context`
    await mkdir(context)
    await writeFile(`${context}/Dockerfile`, dockerfile)
  })
  after(() => rm(context, { recursive: true, force: true }))

  for (const point of buildFaultPoints)
    test(`at ${point}`, async () => {
      const daemon = suiteDaemon()
      await writeFile(`${context}/file`, `${point}\n`)
      await writeFile(`${context}/last`, `${point}\n`)
      await crashAt(daemon, point, [['build', '-t', 'made', context]])
      await nothingUnfinished(daemon)
      await ok(daemon, 'build', '-t', 'made', context)
      const shown = await ok(daemon, 'run', '--rm', 'made', 'sh', '-c', 'head -n 1 /made; cat /last')
      assert.equal(shown, `${point}\n${point}`)
      await nothingUnfinished(daemon)
      await ok(daemon, 'rmi', 'made')
      await ok(daemon, 'builder', 'prune', '-af')
      assert.deepEqual(await layers(daemon), await layersOfBase(daemon))
    })

  test('what was finished before the end is used by the next build', async () => {
    const daemon = suiteDaemon()
    await writeFile(`${context}/file`, 'finished\n')
    await crashAt(daemon, 'build.image.published', [['build', '-t', 'made', context]])
    const { stderr, stdout } = await daemon.gantry(['build', '-t', 'made', context])
    assert.equal(`${stdout}${stderr}`.match(/CACHED/g)?.length, 4, `${stdout}${stderr}`)
    await writeFile(`${context}/file`, 'recorded\n')
    await crashAt(daemon, 'build.cache.recorded', [['build', '-t', 'made', context]])
    const next = await daemon.gantry(['build', '-t', 'made', context])
    assert.equal(`${next.stdout}${next.stderr}`.match(/CACHED/g)?.length, 2, `${next.stdout}${next.stderr}`)
  })
})

/** Mounts, snapshots, processes, cgroups, network namespaces, secrets of steps, layers in the making. */
async function nothingUnfinished(daemon: TestDaemon): Promise<void> {
  await nothingRemains(daemon)
  const places = ['data/build/contexts', 'data/build/snapshots', 'exec/build', 'data/layers/tmp']
  const found = await Promise.all(places.map((place) => list(`${daemon.root}/${place}`)))
  assert.deepEqual(found.flat(), [])
  assert.deepEqual(await list(`${daemon.root}/data/content/partial`), [])
}

const layers = async (daemon: TestDaemon) =>
  (await list(`${daemon.root}/data/layers`)).filter((path) => !path.endsWith('/tmp')).length

async function layersOfBase(daemon: TestDaemon): Promise<number> {
  return Number(await ok(daemon, 'inspect', '-f', '{{len .RootFS.Layers}}', 'busybox'))
}
