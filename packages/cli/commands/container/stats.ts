import type { EventMessage } from '@gantry/api'
import { lines } from '@gantry/client'
import { isKind } from '@gantry/errors'
import { reconnected } from '../../container/reconnect.ts'
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
  const collector = new StatsCollector(context.client, live ? sharedReconnect(context) : null)
  const ending = new AbortController()
  try {
    const ended =
      names.length > 0
        ? await collectNamed(collector, names)
        : await collectAll(context, collector, { all: flags.bool('all'), live, signal: ending.signal })
    const table = () => formatList(collector.rows(!flags.bool('no-trunc')), statsColumns, format)
    if (live) await draw(context, table, () => ended.now || (names.length > 0 && isEmpty(collector)))
    else if (!isEmpty(collector)) context.stdout.write(table())
    if (ended.problem ?? collector.problem) throw ended.problem ?? collector.problem
  } finally {
    ending.abort()
    collector.close()
  }
}

/** All rows wait for the daemon together. */
function sharedReconnect(context: CommandContext): () => Promise<void> {
  let waiting: Promise<void> | null = null
  return async () => {
    waiting ??= reconnected(context, 'what runs', { quiet: true }).finally(() => {
      waiting = null
    })
    await waiting
  }
}

const isEmpty = (collector: StatsCollector) => collector.rows(true).length === 0

/** Whether the engine has stopped telling of containers. */
interface Ended {
  now: boolean
  problem?: unknown
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
  const ended: Ended = { now: false }
  const list = async () => {
    const containers = await context.client.call('ContainerList', { query: { all: scope.all } })
    await Promise.all(containers.map(({ Id = '' }) => addIfThere(collector, shortId(Id))))
  }
  // Before the list is asked for, so that no container between the two is missed.
  if (scope.live) await follow(context, collector, scope, { ended, list })
  await list()
  return ended
}

/** A container may be removed before its first sample comes. */
async function addIfThere(collector: StatsCollector, container: string): Promise<void> {
  await collector.add(container).catch((error: unknown) => {
    if (!isKind(error, 'NotFound')) throw error
  })
}

/** Resolves once the engine listens to what happens. Another daemon is asked for all there is, too. */
async function follow(
  context: CommandContext,
  collector: StatsCollector,
  scope: Scope,
  { ended, list }: { ended: Ended; list: () => Promise<void> },
): Promise<void> {
  const listen = () => happenings(context, scope)
  const watch = async (first: AsyncIterable<Buffer>) => {
    let applied = apply(collector, first)
    while (!scope.signal.aborted) {
      await applied.catch(() => {})
      if (scope.signal.aborted) return
      await reconnected(context, 'what runs', { quiet: true })
      const events = await listen().catch(() => null)
      if (!events) continue
      // They are read from now on: this daemon may go, too, while the list is under way.
      applied = apply(collector, events)
      applied.catch(() => {})
      await list().catch(() => {})
    }
  }
  void watch(await listen())
    .catch((error: unknown) => {
      ended.problem = error
    })
    .finally(() => {
      ended.now = true
    })
}

function happenings({ client }: CommandContext, { all, signal }: Scope): Promise<AsyncIterable<Buffer>> {
  const actions = all ? ['create', 'start', 'destroy'] : ['start', 'die']
  const filters = encodeFilters({ type: ['container'], event: actions })
  return client.download('SystemEvents', { query: { filters }, signal })
}

async function apply(collector: StatsCollector, events: AsyncIterable<Buffer>): Promise<void> {
  for await (const line of lines(events)) {
    const { Action: action, Actor: actor } = JSON.parse(line) as EventMessage
    const container = shortId(actor?.ID ?? '')
    if (action === 'start' || action === 'create') void addIfThere(collector, container).catch(() => {})
    else collector.remove(container)
  }
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
