/** What the engine tells of an image's layers, as `image explore` keeps it. */
import type { ImageLayer, ImageLayerFile } from '@gantry/api'

export interface Layer extends ImageLayer {
  files: ImageLayerFile[]
  /** Bytes of what it adds and changes. */
  size: number
  /** Bytes of the layers below that it hides. */
  hides: number
}

/** A path whose content lies in layers where nobody sees it. */
export interface Waste {
  path: string
  bytes: number
  /** How many times it was hidden. */
  times: number
}

/** Reads the answer of ImageLayers to its end; throws where that is not its end. */
export async function readLayers(items: AsyncIterable<ImageLayer | ImageLayerFile>): Promise<Layer[]> {
  const layers: Layer[] = []
  for await (const item of items) {
    const current = layers.at(-1)
    if ('layer' in item) layers.push({ ...item, files: [], size: 0, hides: 0 })
    else if (current) add(current, item)
  }
  return layers
}

function add(layer: Layer, file: ImageLayerFile): void {
  layer.files.push(file)
  if (file.kind !== 'removed') layer.size += file.size
  layer.hides += file.hides
}

/** What is wasted, the most first. */
export function wasteOf(layers: readonly Layer[]): Waste[] {
  const found = new Map<string, Waste>()
  for (const { path, hides } of layers.flatMap(({ files }) => files)) {
    if (hides === 0) continue
    const waste = found.get(path) ?? { path, bytes: 0, times: 0 }
    found.set(path, { path, bytes: waste.bytes + hides, times: waste.times + 1 })
  }
  return [...found.values()].sort((a, b) => b.bytes - a.bytes)
}

/** Adds them up; 0 when there are none. */
export const sum = (numbers: readonly number[]): number => numbers.reduce((total, each) => total + each, 0)

/** How a history names what made a layer, without the shell around it. */
export const commandOf = (createdBy: string): string =>
  createdBy
    .replace(/^\/bin\/sh -c #\(nop\)\s*/, '')
    .replace(/^(RUN )?\/bin\/sh -c /, 'RUN ')
    .replace(/ # buildkit$/, '')
    .replace(/\s+/g, ' ')
