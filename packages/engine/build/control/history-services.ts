/** The calls of `docker buildx history`. */
import { history, type Service, streaming, unary } from '@gantry/buildkit'
import type { BuildHistory, HistoryChange } from './build-history.ts'
import type { BuildRecord } from './build-record.ts'

/** Bytes of one message. */
const pieceSize = 1 << 20

/** Changes that wait for who listens; when there are more, that listener is let go. */
const mostWaiting = 1000

const now = () => ({ [history.timeHeader]: new Date().toISOString() })

/** They answer about the builds of all connections. */
export function historyServices(builds: BuildHistory): Service[] {
  return [
    streaming(
      history.listenHistory,
      async (call) => {
        for await (const request of call.messages()) {
          for (const event of known(builds, request)) await call.send(event)
          if (request.earlyExit) return
          for await (const event of changes(builds, request, call.signal)) await call.send(event)
        }
      },
      now,
    ),
    unary(history.updateHistory, async ({ ref, pinned, remove, finalize }) => {
      if (remove) builds.remove(ref)
      else if (!finalize) builds.pin(ref, pinned)
      return {}
    }),
    unary(history.contentInfo, async ({ digest }) => ({
      info: { digest, size: builds.blob(digest).data.length },
    })),
    streaming(history.readContent, async (call) => {
      for await (const { digest, offset, size } of call.messages()) {
        const { data } = builds.blob(digest)
        const end = size > 0 ? Math.min(offset + size, data.length) : data.length
        for (let at = offset; at < end; at += pieceSize)
          await call.send({ offset: at, data: data.subarray(at, Math.min(at + pieceSize, end)) })
      }
    }),
  ]
}

/** Those that run after those that have ended, of which the last ones where there is a limit. */
function known(builds: BuildHistory, request: history.HistoryRequest): Partial<history.HistoryEvent>[] {
  const records = builds.records().filter((record) => isAskedFor(record, request))
  const ended = request.activeOnly ? [] : records.filter(({ hasEnded }) => hasEnded)
  return [
    ...(request.limit > 0 ? ended.slice(-request.limit) : ended).map((record) => event('complete', record)),
    ...records.filter(({ hasEnded }) => !hasEnded).map((record) => event('started', record)),
  ]
}

async function* changes(
  builds: BuildHistory,
  request: history.HistoryRequest,
  signal: AbortSignal,
): AsyncGenerator<Partial<history.HistoryEvent>> {
  const waiting: Partial<history.HistoryEvent>[] = []
  let wake = Promise.withResolvers<void>()
  using _listening = builds.listen((change, record) => {
    if (isAskedFor(record, request)) waiting.push(event(change, record))
    wake.resolve()
  })
  signal.addEventListener('abort', () => wake.resolve(), { once: true })
  while (!signal.aborted && waiting.length <= mostWaiting) {
    const next = waiting.shift()
    if (next) yield next
    else {
      await wake.promise
      wake = Promise.withResolvers()
    }
  }
}

const isAskedFor = ({ ref }: BuildRecord, request: history.HistoryRequest): boolean =>
  request.ref === '' || request.ref === ref

const event = (change: HistoryChange, record: BuildRecord): Partial<history.HistoryEvent> => ({
  type: history.historyEvent[change],
  record: record.message,
})
