/** A list of processes as ps(1) would print it. */
import { existsSync } from 'node:fs'
import { GantryError } from '@gantry/errors'
import { PsError, type PsRequest, parsePsArguments } from './arguments.ts'
import { type Process, readProcesses } from './process.ts'
import { rowsOf } from './thread-rows.ts'

export interface ProcessTable {
  titles: string[]
  processes: string[][]
}

/**
 * The processes with these pids, shown as `text` asks for (`-ef` and the like). Docker runs the host's ps and takes out
 * the rows of the container; no program is run here, and none of the container's. Throws System in the words of both.
 */
export async function processTable(text: string, pids: number[]): Promise<ProcessTable> {
  checkTitles(text)
  const request = parse(text)
  if (!request.headers || !request.columns.some(({ title }) => title === 'PID')) {
    throw new GantryError('System', "Couldn't find PID field in ps output")
  }
  const table = tableOf(request, await readProcesses(pids, request.threads))
  const { pids: wanted } = request
  if (table.processes.length === 0 && wanted.length > 0 && !wanted.some((pid) => existsSync(`/proc/${pid}`)))
    throw new GantryError('System', 'ps: exit status 1')
  return table
}

/** Another column called PID would be taken for it. */
function checkTitles(text: string): void {
  for (const [, name, title] of text.matchAll(/\s+([^\s]*)=\s*(PID[^\s]*)/g)) {
    if (name !== 'pid') throw new GantryError('System', `specifying "${name}=${title}" is not allowed`)
  }
}

function parse(text: string): PsRequest {
  try {
    return parsePsArguments(text.split(' '))
  } catch (error) {
    if (error instanceof PsError) throw new GantryError('System', `ps: ${error.message}`, { cause: error })
    throw error
  }
}

/**
 * The table for a request: those of `all` that it selects, sorted by its keys (the first counts most) or as a tree.
 */
export function tableOf(request: PsRequest, all: readonly Process[]): ProcessTable {
  const { columns, selections, sort, tree } = request
  let shown = all.filter((process) => selections.length === 0 || selections.some((lets) => lets(process)))
  if (tree) shown = asTree(shown)
  for (const { column, descending } of [...sort].reverse()) {
    const key = (process: Process) => column.value(process)
    shown = [...shown].sort((a, b) => compare(key(a), key(b)) * (descending ? -1 : 1))
  }
  const mark = (title: string) => (tree === 'marked' && ['CMD', 'COMMAND'].includes(title) ? '\\_ ' : '')
  return {
    titles: columns.map(({ title }) => title),
    processes: shown.flatMap((process) =>
      rowsOf(process, columns).map((cells) => cells.map((cell, at) => mark(columns[at]?.title ?? '') + cell)),
    ),
  }
}

/** Children behind their parents. */
function asTree(processes: readonly Process[]): Process[] {
  const pids = new Set(processes.map(({ pid }) => pid))
  const childrenOf = (parent: number) =>
    processes
      .filter((process) => process.number(4) === parent)
      .flatMap((one): Process[] => [one, ...childrenOf(one.pid)])
  const roots = processes.filter((process) => !pids.has(process.number(4)))
  return roots.flatMap((root) => [root, ...childrenOf(root.pid)])
}

function compare(a: string, b: string): number {
  const difference = Number(a) - Number(b)
  return Number.isNaN(difference) ? (a < b ? -1 : a > b ? 1 : 0) : difference
}
