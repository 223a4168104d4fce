/** The `journald` driver: systemd's native journal protocol. */
import { closeSync, statSync } from 'node:fs'
import { GantryError } from '@gantry/errors'
import { timestampOf } from '@gantry/runtime'
import { SystemCallError, sealBytes } from '@gantry/syscall'
import type { LogInfo } from '../tag.ts'
import { UnixDatagrams } from './datagrams.ts'
import { backOff, type Destination } from './destination.ts'
import type { LogMessage } from './message.ts'

/** Where journald listens. */
const journalSocket = '/run/systemd/journal/socket'

const priorities = { stdout: 6, stderr: 3 }

/** Throws Unavailable, in Docker's words, on a host without a journal. */
export function prepareJournald(path = journalSocket): void {
  if (!statSync(path, { throwIfNoEntry: false }))
    throw new GantryError('Unavailable', 'journald is not enabled on this host')
}

/** What a label or variable is called in the journal: capitals, digits and underscores, none of these in front. */
export function journalName(name: string): string {
  return name
    .toUpperCase()
    .replace(/[^A-Z0-9]/gu, '_')
    .replace(/^_+/, '')
}

/**
 * Where a container's lines go as journal entries with these fields. `attributes`: by names that `journalName` made.
 */
export function openJournald(
  { info, tag, attributes }: { info: LogInfo; tag: string; attributes: Record<string, string> },
  path = journalSocket,
): Destination {
  const fields = {
    CONTAINER_ID: info.id.slice(0, 12),
    CONTAINER_ID_FULL: info.id,
    CONTAINER_NAME: info.name,
    CONTAINER_TAG: tag,
    IMAGE_NAME: info.imageName,
    SYSLOG_IDENTIFIER: tag,
    ...attributes,
  }
  return new Journald(fieldsOf(fields), path)
}

class Journald implements Destination {
  readonly maxRetries = Number.POSITIVE_INFINITY
  readonly retryDelay = backOff
  readonly #fields: Buffer
  readonly #datagrams: UnixDatagrams

  constructor(fields: Buffer, path: string) {
    this.#fields = fields
    this.#datagrams = new UnixDatagrams(path)
  }

  async send(messages: readonly LogMessage[], signal: AbortSignal): Promise<void> {
    for (const message of messages) {
      signal.throwIfAborted()
      await this.#sendEntry(Buffer.concat([entryOf(message), this.#fields]), signal)
    }
  }

  /** What is too long for a datagram goes in a sealed file, whose descriptor is sent. */
  async #sendEntry(entry: Buffer, signal: AbortSignal): Promise<void> {
    try {
      await this.#datagrams.send(entry, signal)
    } catch (error) {
      if (!(error instanceof SystemCallError) || !['EMSGSIZE', 'ENOBUFS'].includes(error.code)) throw error
      const descriptor = sealBytes(entry, 'journal-entry')
      try {
        await this.#datagrams.sendWith((sender) => sender.sendDescriptor(descriptor), signal)
      } finally {
        closeSync(descriptor)
      }
    }
  }

  close(): void {
    this.#datagrams.close()
  }
}

function entryOf({ stream, time, line, partial }: LogMessage): Buffer {
  return fieldsOf({
    PRIORITY: String(priorities[stream]),
    SYSLOG_TIMESTAMP: timestampOf(time),
    ...(partial && {
      CONTAINER_PARTIAL_ID: partial.id,
      CONTAINER_PARTIAL_ORDINAL: String(partial.ordinal),
      CONTAINER_PARTIAL_LAST: String(partial.last),
    }),
    ...(partial && !partial.last && { CONTAINER_PARTIAL_MESSAGE: 'true' }),
    MESSAGE: line,
  })
}

/** `NAME=value`, or for a value with newlines or any bytes the name, the length in 8 bytes (little endian), the value. */
function fieldsOf(fields: Record<string, string | Buffer>): Buffer {
  const parts = Object.entries(fields).flatMap(([name, value]) => {
    if (name === '') return []
    const bytes = Buffer.from(value)
    if (typeof value === 'string' && !value.includes('\n'))
      return [Buffer.from(`${name}=`), bytes, Buffer.from('\n')]
    const length = Buffer.alloc(8)
    length.writeBigUInt64LE(BigInt(bytes.length))
    return [Buffer.from(`${name}\n`), length, bytes, Buffer.from('\n')]
  })
  return Buffer.concat(parts)
}
