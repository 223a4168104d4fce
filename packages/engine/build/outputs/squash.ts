/** `--squash`: the layers of a build as one, upon those of its base image. */
import type { ArchiveWorkers, LayerDirectory } from '@gantry/archive'
import type { BuildResult, Snapshot, Snapshots } from '@gantry/build'
import type { Digest } from '@gantry/oci'
import type { ImageParts } from '../../images/dependencies.ts'
import type { Hold } from '../../images/retention.ts'

export interface SquashParts {
  images: Pick<ImageParts, 'content' | 'layers'>
  archive: Pick<ArchiveWorkers, 'squash'>
  snapshots: Pick<Snapshots, 'view'>
}

/** What is new is held by `hold`. The history keeps its steps, and gets one more that says what was merged. */
export async function squash(
  parts: SquashParts,
  hold: Hold,
  result: BuildResult,
  created: Date | undefined,
): Promise<BuildResult> {
  const { snapshot, baseLayers, config } = result
  const base: Snapshot = { layers: snapshot.layers.slice(0, baseLayers) }
  if (snapshot.layers.length <= baseLayers) return result
  const squashed = await squashedLayer(parts, hold, base, snapshot)
  const { created: last = new Date().toISOString() } = config
  const merged = created?.toISOString().replace(/\.\d+Z$/, 'Z') ?? last
  let kept = baseLayers
  const history = config.history.map((entry) => {
    if (entry.empty_layer || kept-- > 0) return entry
    return { ...entry, empty_layer: true }
  })
  const top = base.layers.at(-1)?.chainId
  const comment = top ? `merge ${chainOf(snapshot)} to ${top}` : `create new from ${chainOf(snapshot)}`
  return {
    ...result,
    snapshot: squashed,
    config: {
      ...config,
      diffIds: squashed.layers.map(({ diffId }) => diffId),
      history: [...history, { created: merged, comment }],
    },
  }
}

const chainOf = ({ layers }: Snapshot): Digest | undefined => layers.at(-1)?.chainId

async function squashedLayer(
  { images, archive, snapshots }: SquashParts,
  hold: Hold,
  base: Snapshot,
  whole: Snapshot,
): Promise<Snapshot> {
  const [from, to] = [await directories(images, base), await directories(images, whole)]
  await using view = await snapshots.view(whole)
  const packed = await archive.squash({ kind: 'mount', path: view.root }, from, to)
  try {
    await using writer = await images.content.writer()
    for await (const chunk of packed as AsyncIterable<Buffer>) await writer.write(chunk)
    const expected = await hold.commit(writer)
    const diffId = expected.digest
    const path = await images.content.locate(diffId)
    await using staged = await images.layers.stage({ path, expected, diffId })
    const { chainId, size } = await staged.place(chainOf(base) ?? null)
    await hold.keep([chainId])
    return { layers: [...base.layers, { diffId, chainId, size }] }
  } finally {
    packed.destroy()
  }
}

/** Base first. */
async function directories({ layers }: SquashParts['images'], snapshot: Snapshot): Promise<LayerDirectory[]> {
  const top = chainOf(snapshot)
  const found = top ? await layers.directories(top) : []
  return found.map((directory) => ({ directory, layer: '' })).reverse()
}
