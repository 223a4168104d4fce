import { createInterface } from 'node:readline'
import type { EventMessage } from '@gantry/api'
import { isKind } from '@gantry/errors'
import { StatsCollector } from '../../container/stats-collector.ts'
import { formatList } from '../../format/list/list.ts'
import { statsColumns, statsFormat } from '../../format/list/stats.ts'
import { shortId } from '../../format/list/texts.ts'
import { type CommandContext, ExitError, type Flags } from '../../framework/command.ts'
import { encodeFilters } from '../filters.ts'

/** How often the table is drawn, in milliseconds. */
const redraw = 500

/** `container stats`: what containers use, as a table that is kept up to date, or once. */
export async function containerStats(
  context: CommandContext,
  names: readonly string[],
  flags: Flags,
): Promise<void> {
  const live = !flags.bool('no-stream')
  const format = statsFormat(flags.string('format') || context.config.settings.statsFormat || '')
  const collector = new StatsCollector(context.client, live)
  const ending = new AbortController()
  try {
    const ended =
      names.length > 0
        ? await collectNamed(collector, names)
        : await collectAll(context, collector, { all: flags.bool('all'), live, signal: ending.signal })
    const table = () => formatList(collector.rows(!flags.bool('no-trunc')), statsColumns, format)
    if (live) await draw(context, table, () => ended.now || (names.length > 0 && isEmpty(collector)))
    else if (!isEmpty(collector)) context.stdout.write(table())
  } finally {
    ending.abort()
    collector.close()
  }
}

const isEmpty = (collector: StatsCollector) => collector.rows(true).length === 0

/** Whether the engine has stopped telling of containers. */
interface Ended {
  now: boolean
}

async function collectNamed(collector: StatsCollector, names: readonly string[]): Promise<Ended> {
  const results = await Promise.allSettled(names.map((name) => collector.add(name)))
  const problems = results.flatMap((result) => (result.status === 'rejected' ? [result.reason as Error] : []))
  if (problems.length > 0) throw new ExitError(1, problems.map(({ message }) => message).join('\n'))
  return { now: false }
}

interface Scope {
  /** Also those that do not run. */
  all: boolean
  live: boolean
  signal: AbortSignal
}

/** The containers there are and, when live, those that come and go. */
async function collectAll(context: CommandContext, collector: StatsCollector, scope: Scope): Promise<Ended> {
  const ended = { now: false }
  // Before the list is asked for, so that no container between the two is missed.
  if (scope.live) await follow(context, collector, scope, ended)
  const containers = await context.client.call('ContainerList', { query: { all: scope.all } })
  await Promise.all(containers.map(({ Id = '' }) => addIfThere(collector, shortId(Id))))
  return ended
}

/** A container may be removed before its first sample comes. */
async function addIfThere(collector: StatsCollector, container: string): Promise<void> {
  await collector.add(container).catch((error: unknown) => {
    if (!isKind(error, 'NotFound')) throw error
  })
}

/** Resolves once the engine listens to what happens. */
async function follow(
  { client }: CommandContext,
  collector: StatsCollector,
  { all, signal }: Scope,
  ended: Ended,
): Promise<void> {
  const actions = all ? ['create', 'start', 'destroy'] : ['start', 'die']
  const events = await client.download('SystemEvents', {
    query: { filters: encodeFilters({ type: ['container'], event: actions }) },
    signal,
  })
  const watch = async () => {
    for await (const line of createInterface({ input: events })) {
      const { Action: action, Actor: actor } = JSON.parse(line) as EventMessage
      const container = shortId(actor?.ID ?? '')
      if (action === 'start' || action === 'create') void addIfThere(collector, container).catch(() => {})
      else collector.remove(container)
    }
  }
  void watch()
    .catch(() => {})
    .finally(() => {
      ended.now = true
    })
}

/** Writes the table over the one before, in one piece so that it does not flicker, until there is no more to show. */
async function draw({ stdout }: CommandContext, table: () => string, over: () => boolean): Promise<void> {
  for (;;) {
    const lines = table().split('\n')
    stdout.write(`\x1b[H${lines.map((line) => `${line} \x1b[K\n`).join('')}\x1b[J`)
    if (over()) return
    await new Promise((resolve) => setTimeout(resolve, redraw))
  }
}
