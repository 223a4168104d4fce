/** The screen of `image explore`: its lines, from what there is to show. */

import { fit } from '../../../format/columns.ts'
import { printable } from '../../../format/printable.ts'
import { humanSize } from '../../../format/units.ts'
import type { TerminalSize } from '../../../streams/terminal.ts'
import { commandOf, sum, wasteOf } from './layers.ts'
import { shortId } from './report.ts'
import type { ExploreState } from './state.ts'
import type { Kind, TreeRow } from './tree.ts'

const colours: Record<Kind, string> = {
  added: '\x1b[32m',
  changed: '\x1b[33m',
  removed: '\x1b[31m',
  unchanged: '',
}
const letters: Record<Kind, string> = { added: 'A', changed: 'C', removed: 'D', unchanged: ' ' }
const bold = '\x1b[1m'
const reverse = '\x1b[7m'
const dim = '\x1b[2m'
const plain = '\x1b[0m'

const help = [
  'Tab           other pane',
  'Up Down j k   move; PgUp PgDn Home End',
  'Right Left    open and close a directory; Enter, Space: the other of the two',
  '+ -           open all, close all',
  'a             all files up to the layer, or only what the layer does',
  '1 2 3 4       hide or show what is added, changed, removed, unchanged',
  '/             filter by a part of the path; Esc: no filter',
  'q             leave',
]

/** Rows of a pane below its title. */
export const pageOf = ({ rows }: TerminalSize): number => Math.max(1, rows - 3)

/** As many lines as the terminal has, each no wider than it is. */
export function draw(state: ExploreState, size: TerminalSize): string[] {
  const half = Math.max(1, Math.floor(size.columns / 2) - 2)
  const left = Math.min(Math.max(20, Math.min(60, Math.floor(size.columns * 0.4))), half)
  const right = Math.max(1, size.columns - left - 3)
  const page = pageOf(size)
  const files = state.showsHelp ? helpLines(right, page) : fileLines(state, right, page)
  const layers = layerLines(state, left, page)
  const body = Array.from({ length: page + 1 }, (_, at) => `${layers[at]} ${dim}│${plain} ${files[at] ?? ''}`)
  return [heading(state, size.columns), ...body, footer(state, size.columns)].slice(0, size.rows)
}

function heading(state: ExploreState, width: number): string {
  const size = sum(state.layers.map((layer) => layer.size))
  const wasted = sum(state.layers.map((layer) => layer.hides))
  const share = size === 0 ? '0.0' : ((100 * wasted) / size).toFixed(1)
  const text = `${state.layers.length} layers, ${humanSize(size, 3)}, wasted ${humanSize(wasted, 3)} (${share}%)`
  return `${bold}${fit(text, width)}${plain}`
}

function layerLines(state: ExploreState, width: number, page: number): string[] {
  const waste = wasteOf(state.layers)
  const title = titled('Layers', state.pane === 'layers', width)
  const room = Math.max(3, page - Math.min(waste.length + 2, Math.floor(page / 2)))
  const shown = windowOf(state.layers, state.layer, room).map((each) => {
    const { layer, size, createdBy } = each
    const text = `${shortId(layer)} ${humanSize(size, 3).padStart(7)} ${printable(commandOf(createdBy))}`
    return each === state.layers[state.layer] ? `${reverse}${fit(text, width)}${plain}` : fit(text, width)
  })
  const wasted = waste
    .slice(0, Math.max(0, page - shown.length - 2))
    .map(({ path, bytes, times }) => `${humanSize(bytes, 3).padStart(7)} ${times}x ${printable(path)}`)
  const below = wasted.length > 0 ? ['', `${bold}${fit('Wasted', width)}${plain}`] : []
  const lines = [title, ...shown, ...below, ...wasted.map((text) => fit(text, width))]
  return Array.from({ length: page + 1 }, (_, at) => lines[at] || ' '.repeat(width))
}

function fileLines(state: ExploreState, width: number, page: number): string[] {
  const what = state.aggregated ? 'Files up to this layer' : 'What this layer does'
  const { rows } = state
  const current = state.pane === 'files' ? rows[state.row] : undefined
  const shown = windowOf(rows, state.row, page).map((row) => fileLine(row, width, row === current))
  const empty = rows.length === 0 ? [fit('nothing to show', width)] : []
  return [titled(what, state.pane === 'files', width), ...shown, ...empty]
}

function fileLine({ node, depth, isOpen }: TreeRow, width: number, isCurrent: boolean): string {
  const { kind, file, name, size, isDirectory, children } = node
  const fold = children.size > 0 ? (isOpen ? '▾ ' : '▸ ') : '  '
  const owner = file ? `${modeText(file.mode)} ${`${file.uid}:${file.gid}`.padStart(9)}` : ' '.repeat(20)
  const text = `${letters[kind]} ${owner} ${humanSize(size, 3).padStart(7)} ${'  '.repeat(depth)}${fold}${printable(name)}${isDirectory ? '/' : ''}`
  return `${colours[kind]}${isCurrent ? reverse : ''}${fit(text, width)}${plain}`
}

const typeLetters: Record<number, string> = {
  4: 'd',
  9: 'l',
  2: 'c',
  6: 'b',
  1: 'p',
  11: 's',
}

/** `drwxr-xr-x`, as ls has it. */
export function modeText(mode: number): string {
  const bits = [...'rwxrwxrwx'].map((letter, at) => (mode & (0o400 >> at) ? letter : '-'))
  const special = (bit: number, at: number, set: string) => {
    if (mode & bit) bits[at] = bits[at] === 'x' ? set : set.toUpperCase()
  }
  special(0o4000, 2, 's')
  special(0o2000, 5, 's')
  special(0o1000, 8, 't')
  return (typeLetters[mode >> 12] ?? '-') + bits.join('')
}

function helpLines(width: number, page: number): string[] {
  return [titled('Keys', true, width), ...help.slice(0, page).map((line) => fit(line, width))]
}

function footer(state: ExploreState, width: number): string {
  const hidden = [...state.hidden].join(', ')
  const filter = state.isTyping || state.filter !== '' ? `filter: ${printable(state.filter)}` : ''
  const note = [filter + (state.isTyping ? '_' : ''), hidden && `hidden: ${hidden}`]
    .filter(Boolean)
    .join('  ')
  return `${dim}${fit(note || 'Tab pane  a all/layer  1-4 kinds  / filter  ? keys  q leave', width)}${plain}`
}

const titled = (text: string, isActive: boolean, width: number): string =>
  `${bold}${fit(`${isActive ? '●' : ' '} ${text}`, width)}${plain}`

/** So many of the rows that the current one is among them. */
function windowOf<T>(rows: readonly T[], current: number, count: number): T[] {
  const start = Math.max(0, Math.min(current - Math.floor(count / 2), rows.length - count))
  return rows.slice(start, start + count)
}
