/** Images, against a registry on the engine's own loopback: pulling, pushing, saving, loading, listing. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { startRegistry, type TestRegistry } from '../../test/registry/registry.ts'
import { type Engine, execute, memoryOf } from '../engines.ts'
import { bigFile, type Fill, smallFiles, writeImage } from '../fixtures/images.ts'
import { type Case, call, command, mebibytes, milliseconds, timedCall } from './case.ts'

const port = 5000
const host = `127.0.0.1:${port}`
const image = `${host}/bench:1`

/** The archive that both engines load: its layers are not compressed, while those that Gantry saves are as they came. */
let savedByDocker = ''

/** What the cases of one image share: its registry's blobs, and the registry that runs for each engine. */
class RegistryOf {
  readonly #layers: number
  readonly #fill: Fill
  readonly #running = new Map<Engine, TestRegistry>()
  #storage = ''

  constructor(layers: number, fill: Fill) {
    this.#layers = layers
    this.#fill = fill
  }

  async open(engine: Engine): Promise<void> {
    this.#storage ||= await mkdtemp(join(tmpdir(), 'gantry-bench-registry-'))
    const isNew = this.#running.size === 0
    this.#running.set(engine, await this.#serve(engine, `${this.#storage}/served`))
    if (isNew) await this.#publish(engine)
  }

  #serve(engine: Engine, storage: string): Promise<TestRegistry> {
    return startRegistry({ port, storage, runBy: engine.inside })
  }

  async #publish(engine: Engine): Promise<void> {
    const layout = `${this.#storage}/layout`
    await writeImage(layout, this.#layers, this.#fill)
    const copy = ['skopeo', 'copy', '--dest-tls-verify=false', `oci:${layout}`, `docker://${image}`]
    await execute([...engine.inside, ...copy])
    await rm(layout, { recursive: true })
  }

  /** Puts a registry without content in the place of the one that runs. */
  async empty(engine: Engine): Promise<void> {
    await this.#running.get(engine)?.stop()
    await rm(`${this.#storage}/emptied-${engine.name}`, { recursive: true, force: true })
    this.#running.set(engine, await this.#serve(engine, `${this.#storage}/emptied-${engine.name}`))
  }

  async close(engine: Engine): Promise<void> {
    await this.#running.get(engine)?.stop()
    this.#running.delete(engine)
    if (this.#running.size > 0) return
    await rm(this.#storage, { recursive: true, force: true })
    this.#storage = ''
  }
}

const pull = (engine: Engine): Promise<number> => timedCall(engine, 'pull', '-q', image)
const forget = (engine: Engine): Promise<void> => call(engine, 'rmi', '-f', image)

function pullCase(name: string, target: number, registry: RegistryOf): Case {
  return {
    name,
    target,
    unit: milliseconds,
    runs: 3,
    prepare: (engine) => registry.open(engine),
    measure: async (engine) => {
      const figure = await pull(engine)
      await forget(engine)
      return figure
    },
    finish: (engine) => registry.close(engine),
  }
}

const tenLayers = new RegistryOf(10, bigFile(50))
const manyFiles = new RegistryOf(1, smallFiles(50_000))
const hugeLayer = new RegistryOf(1, bigFile(2048))

const withTenLayers: Pick<Case, 'prepare' | 'finish'> = {
  prepare: async (engine) => {
    await tenLayers.open(engine)
    await pull(engine)
  },
  finish: async (engine) => {
    await forget(engine)
    await tenLayers.close(engine)
  },
}

/** How much the daemon grows while it works, sampled ten times a second. */
async function growth(engine: Engine, work: () => Promise<unknown>): Promise<number> {
  const pids = await engine.daemonPids()
  const before = await memoryOf(pids)
  let most = before
  const timer = setInterval(async () => {
    most = Math.max(most, await memoryOf(pids))
  }, 100)
  await work().finally(() => clearInterval(timer))
  return most - before
}

const archive = (engine: Engine): string => `${engine.root}/saved.tar`

async function makeMany(engine: Engine): Promise<void> {
  await call(engine, 'tag', 'busybox', 'many:0')
  for (let index = 1; index < 500; index++) {
    const { Id } = (await engine.api('POST', '/containers/create', { Image: 'busybox', Cmd: ['true'] })) as {
      Id: string
    }
    const changes = encodeURIComponent(`LABEL number=${index}`)
    await engine.api('POST', `/commit?container=${Id}&repo=many&tag=${index}&changes=${changes}`)
    await engine.api('DELETE', `/containers/${Id}`)
  }
}

export const imageCases: Case[] = [
  pullCase('pull of 10 layers, 500 MB', 0.5, tenLayers),
  pullCase('pull of 1 layer, 50,000 small files', 0.8, manyFiles),
  command('pull of what is there', 0.5, ['pull', '-q', image], withTenLayers),
  {
    name: 'push of 10 layers, 500 MB',
    target: 0.8,
    unit: milliseconds,
    runs: 3,
    ...withTenLayers,
    measure: async (engine) => {
      await tenLayers.empty(engine)
      return timedCall(engine, 'push', '-q', image)
    },
  },
  {
    name: 'save of 10 layers, 500 MB',
    target: 0.7,
    unit: milliseconds,
    runs: 3,
    ...withTenLayers,
    measure: (engine) => timedCall(engine, 'save', '-o', archive(engine), image),
  },
  {
    name: 'load of 10 layers, 500 MB',
    target: 0.7,
    unit: milliseconds,
    runs: 3,
    prepare: async (engine) => {
      await withTenLayers.prepare?.(engine)
      if (engine.name !== 'docker') return
      savedByDocker = archive(engine)
      await call(engine, 'save', '-o', savedByDocker, image)
    },
    measure: async (engine) => {
      await forget(engine)
      return timedCall(engine, 'load', '-q', '-i', savedByDocker)
    },
    finish: async (engine) => {
      await rm(savedByDocker, { force: true })
      await withTenLayers.finish?.(engine)
    },
  },
  {
    name: 'growth of the daemon in a pull of 2 GB',
    most: 150 << 20,
    unit: mebibytes,
    runs: 1,
    prepare: (engine) => hugeLayer.open(engine),
    measure: async (engine) => {
      const figure = await growth(engine, () => pull(engine))
      await forget(engine)
      return figure
    },
    finish: (engine) => hugeLayer.close(engine),
  },
  command('images with 500 images', 0.5, ['images'], {
    prepare: makeMany,
    finish: (engine) =>
      call(engine, 'rmi', '-f', ...Array.from({ length: 500 }, (_, index) => `many:${index}`)),
  }),
]
