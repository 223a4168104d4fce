/** Stand-ins for what the engine provides: snapshots are lists of names, and processes are functions. */
import { createHash, randomUUID } from 'node:crypto'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Digest, hostPlatform, type ImageConfigFile } from '@gantry/oci'
import { BuildCache } from './cache/cache.ts'
import { CacheMounts } from './cache/mounts.ts'
import type {
  BuildRequest,
  CacheRecord,
  FileTree,
  RunRequest,
  Snapshot,
  SnapshotLayer,
  WritableSnapshot,
} from './contracts.ts'
import { Limiter } from './solve/limiter.ts'
import type { SolverParts } from './solve/solver.ts'

const digest = (text: string): Digest => `sha256:${createHash('sha256').update(text).digest('hex')}` as Digest

function on({ layers }: Snapshot, text: string): Snapshot {
  const below = layers.at(-1)?.chainId ?? ''
  const layer: SnapshotLayer = { diffId: digest(text), chainId: digest(below + text), size: 1 }
  return { layers: [...layers, layer] }
}

export interface FakeWorld extends SolverParts {
  /** Commands that ran, in order. */
  ran: string[]
  copied: string[]
  records: Map<string, CacheRecord>
  /** Content of the contexts' files by path. */
  contents: Map<string, string>
  open: number
  request(dockerfile: string, changes?: Partial<BuildRequest>): BuildRequest
}

/** `run` stands for the process of a step; its exit code is 0 unless it says otherwise. */
export function fakeWorld(run: (request: RunRequest) => Promise<number> = async () => 0): FakeWorld {
  const records = new Map<string, CacheRecord>()
  const contents = new Map<string, string>()
  const base: ImageConfigFile = {
    ...hostPlatform(),
    created: '2020-01-01T00:00:00Z',
    config: {},
    diffIds: [],
    history: [{ created: '2020-01-01T00:00:00Z', created_by: 'base' }],
  }
  const tree = (root: string): FileTree => ({
    root,
    digest: async ({ include }) => digest(include.map((path) => contents.get(path) ?? '').join('\0') + root),
  })
  const world: FakeWorld = {
    ran: [],
    copied: [],
    records,
    contents,
    open: 0,
    snapshots: {
      image: async (reference) => ({
        reference,
        digest: digest(reference),
        id: digest(`config of ${reference}`),
        config: base,
        snapshot: on({ layers: [] }, reference),
      }),
      over: async (tree) => {
        world.open++
        return {
          rootfs: { lower: [tree], upper: '/upper', work: '/work' },
          root: async () => `/over/${tree}`,
          commit: () => Promise.reject(new Error('no snapshot')),
          [Symbol.asyncDispose]: async () => void world.open--,
        }
      },
      open: async (below) => {
        world.open++
        const written: string[] = []
        const snapshot: WritableSnapshot & { written: string[] } = {
          rootfs: { lower: [], upper: '/upper', work: '/work' },
          root: async () => '/root',
          written,
          commit: async () => on(below, `${world.ran.length} ${world.copied.length}`),
          [Symbol.asyncDispose]: async () => void world.open--,
        }
        return snapshot
      },
      view: async ({ layers }) => ({ root: layers.at(-1)?.chainId ?? '', async [Symbol.asyncDispose]() {} }),
      stack: async (below, above) => ({ layers: [...below.layers, ...above.layers] }),
      has: async () => true,
    },
    runner: {
      run: async (request) => {
        world.ran.push(request.step.args.at(-1) ?? '')
        return run(request)
      },
    },
    files: {
      copy: async ({ sources }) => void world.copied.push(...sources),
      tree,
      documents: async () => ({ ...tree('documents'), async [Symbol.asyncDispose]() {} }),
      makeDirectory: async () => undefined,
      resolve: async (root, path) => join(root, path),
      remember: async () => undefined,
      differences: async () => null,
      owner: async () => ({ uid: 0, gid: 0 }),
    },
    cache: new BuildCache({
      table: memoryTable(records),
      earlierRuns: memoryTable(),
      transaction: (work) => work(),
      snapshots: { has: async () => true },
      now: () => new Date(),
    }),
    cacheMounts: new CacheMounts(join(tmpdir(), `gantry-build-${randomUUID()}`)),
    limiter: new Limiter(2),
    request: (dockerfile, changes = {}) => ({
      dockerfile,
      dockerfileName: 'Dockerfile',
      args: new Map(),
      labels: {},
      platforms: [hostPlatform()],
      noCache: false,
      noCacheFilter: [],
      pull: false,
      network: 'default',
      hosts: [],
      checkOnly: false,
      platformsGiven: false,
      classic: false,
      contexts: [],
      namedImages: new Map(),
      recordsGo: 'nowhere',
      remoteCaches: [],
      sources: {
        context: async () => tree('context'),
        http: async (url) => tree(url),
        git: async (url) => tree(url),
        secret: async (id) => (id === 'known' ? Buffer.from('hidden') : null),
        ssh: async () => null,
      },
      ...changes,
    }),
  }
  return world
}

/** A table of the database. */
export const memoryTable = <T>(rows = new Map<string, T>()) => ({
  get: (key: string) => rows.get(key),
  set: (key: string, row: T) => void rows.set(key, row),
  delete: (key: string) => rows.delete(key),
  values: () => [...rows.values()],
})
