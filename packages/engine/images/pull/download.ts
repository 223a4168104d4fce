import { setTimeout as sleep } from 'node:timers/promises'
import { type Descriptor, RegistryError, type Repository } from '@gantry/oci'

export interface DownloadOptions {
  /** Tries in all without a new byte. */
  attempts: number
  signal: AbortSignal
  /** Called each second of a pause before the next try, with the seconds that are left. */
  onRetry: (seconds: number) => void
}

/** Seconds before the second try; each further pause is twice as long, up to a limit. */
const firstPause = 1
const longestPause = 30

/** The bytes of a blob from `offset` on, going on after broken connections where they broke. */
export async function* download(
  repository: Repository,
  descriptor: Descriptor,
  offset: number,
  { attempts, signal, onRetry }: DownloadOptions,
): AsyncGenerator<Buffer> {
  let at = offset
  let validator: string | undefined
  for (let failures = 0; at < descriptor.size || descriptor.size === 0; ) {
    try {
      const answer = await repository.blob(descriptor, {
        offset: at,
        signal,
        ...(validator !== undefined && { validator }),
      })
      validator = answer.validator
      // A registry without ranges begins anew: what is known of it is passed over.
      let skip = at - answer.offset
      for await (const chunk of answer.stream as AsyncIterable<Buffer>) {
        const fresh = chunk.subarray(Math.min(skip, chunk.length))
        skip -= chunk.length - fresh.length
        if (fresh.length === 0) continue
        at += fresh.length
        failures = 0
        yield fresh
      }
      return
    } catch (error) {
      signal.throwIfAborted()
      if (!mayPass(error) || ++failures >= attempts) throw error
      await pause(Math.min(firstPause * 2 ** (failures - 1), longestPause), signal, onRetry)
    }
  }
}

/** Whether the next try may do better: the network's failures and the registry's own. */
function mayPass(error: unknown): boolean {
  if (error instanceof RegistryError) return error.retryable
  return typeof (error as NodeJS.ErrnoException).code === 'string'
}

async function pause(
  seconds: number,
  signal: AbortSignal,
  onRetry: (seconds: number) => void,
): Promise<void> {
  for (let left = seconds; left > 0; left--) {
    onRetry(left)
    await sleep(1000, undefined, { signal })
  }
}
