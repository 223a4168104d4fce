/** `image explore` without a terminal: a report, as text or as one JSON object. */

import { printable } from '../../../format/printable.ts'
import { humanSize } from '../../../format/units.ts'
import { commandOf, type Layer, sum, type Waste, wasteOf } from './layers.ts'

/** How many of the wasted files the text names. */
const mostNamed = 20

export interface Report {
  /** Bytes of all layers. */
  size: number
  /** Bytes of them that nobody sees. */
  wasted: number
  layers: {
    layer: string
    createdBy: string
    size: number
    added: number
    changed: number
    removed: number
    /** Bytes of the layers below that it hides. */
    hides: number
  }[]
  wastedFiles: Waste[]
}

/** What each layer does to the files below it, and what of it is wasted. */
export function reportOf(layers: readonly Layer[]): Report {
  return {
    size: sum(layers.map(({ size }) => size)),
    wasted: sum(layers.map(({ hides }) => hides)),
    layers: layers.map(({ layer, createdBy, size, hides, files }) => ({
      layer,
      createdBy,
      size,
      added: files.filter(({ kind }) => kind === 'added').length,
      changed: files.filter(({ kind }) => kind === 'changed').length,
      removed: files.filter(({ kind }) => kind === 'removed').length,
      hides,
    })),
    wastedFiles: wasteOf(layers),
  }
}

/** Lines of text. */
export function formatReport({ size, wasted, layers, wastedFiles }: Report): string {
  const lines = layers.flatMap(({ layer, createdBy, size, added, changed, removed, hides }) => [
    `${shortId(layer)} ${column(size)} ${printable(commandOf(createdBy))}`.trimEnd(),
    `    ${added} added, ${changed} changed, ${removed} removed${hides > 0 ? `, hides ${humanSize(hides, 3)}` : ''}`,
  ])
  const share = size === 0 ? 0 : (100 * wasted) / size
  lines.push('', `Size: ${humanSize(size, 3)}`, `Wasted: ${humanSize(wasted, 3)} (${share.toFixed(1)}%)`)
  for (const { path, bytes, times } of wastedFiles.slice(0, mostNamed)) {
    lines.push(`    ${column(bytes)} ${times}x ${printable(path)}`)
  }
  const more = wastedFiles.length - mostNamed
  if (more > 0) lines.push(`    and ${more} more`)
  return `${lines.join('\n')}\n`
}

/** The first twelve digits of a digest, as lists show it. */
export const shortId = (layer: string): string => layer.replace(/^sha256:/, '').slice(0, 12)
const column = (bytes: number): string => humanSize(bytes, 3).padStart(8)
