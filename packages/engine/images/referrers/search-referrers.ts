import { GantryError } from '@gantry/errors'
import type { Digest, Repository } from '@gantry/oci'
import type { ImageParts } from '../dependencies.ts'
import type { Hold } from '../retention.ts'
import { ReferrerFetcher } from './fetch-referrers.ts'
import type { ReferrersRecord } from './kept-referrers.ts'

/** Milliseconds that an image whose layers come waits for what it runs without. */
const longestWait = 30_000

export interface ReferrersSearch extends AsyncDisposable {
  /** Rejects with the signal's reason alone. */
  found: Promise<ReferrersRecord[]>
}

/**
 * Asks for what says something about the subjects, while their content comes; `hold` keeps what is found. Disposed of
 * before it has ended, it is given up.
 */
export function searchReferrers(
  { transfers, catalog }: Pick<ImageParts, 'transfers' | 'catalog'>,
  {
    repository,
    subjects,
    hold,
    signal,
  }: { repository: Repository; subjects: readonly Digest[]; hold: Hold; signal: AbortSignal },
): ReferrersSearch {
  const abort = new AbortController()
  const search = async () => {
    if (!transfers.limits().referrers) return []
    const ends = [signal, abort.signal]
    const fetcher = new ReferrerFetcher({
      repository,
      kept: catalog.referrers,
      hold,
      ends,
      wait: longestWait,
    })
    return await fetcher.fetch([...new Set(subjects)])
  }
  let isOver = false
  const found = search().finally(() => {
    isOver = true
  })
  found.catch(() => {}) // whoever wants them hears of it
  return {
    found,
    [Symbol.asyncDispose]: async () => {
      if (isOver) return
      abort.abort(new GantryError('Cancelled', 'the image is not wanted any more'))
      await Promise.allSettled([found])
    },
  }
}
