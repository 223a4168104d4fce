/** Errors that tell clients which lines of which file they are about: clients show these. */
import type { GantryError } from '@gantry/errors'
import { DetailedError } from '../grpc/status.ts'

/** In JSON, as its name says. */
const sourceType = 'github.com/moby/buildkit/errdefs.Source+json'

/** Lines of a file that are shown around those that an error is about. */
const linesAround = 5
/** More does not go into the trailers of a call. */
const mostBytes = 24 << 10

export interface ErrorSource {
  filename: string
  text: string
  lines: { first: number; last: number }
}

/** The error as clients show it; without its lines when the file is too long up to there. */
export function withSource(error: GantryError, { filename, text, lines }: ErrorSource): GantryError {
  const shown = Buffer.from(text.split('\n', lines.last + linesAround).join('\n'))
  if (shown.length > mostBytes) return error
  const source = {
    info: { filename, data: shown.toString('base64'), language: 'Dockerfile' },
    ranges: [{ start: { line: lines.first }, end: { line: lines.last } }],
  }
  const details = [{ type: sourceType, value: Buffer.from(JSON.stringify(source)) }]
  return new DetailedError(error.kind, error.message, details, { cause: error })
}
