/** A build as lines of JSON, in the form of BuildKit's status messages (`--progress=rawjson`). */
import type { Output } from '../framework/command.ts'
import type { BuildDisplay, BuildEvent } from './progress.ts'

interface Vertex {
  digest: string
  name: string
  started: string
}

/** A build as BuildKit's `--progress=rawjson` has it. */
export class RawJsonProgress implements BuildDisplay {
  readonly #output: Output
  readonly #vertexes = new Map<number, Vertex>()

  constructor(output: Output) {
    this.#output = output
  }

  show(event: BuildEvent): void {
    const now = new Date().toISOString()
    if (event.type === 'step') {
      const name = `${event.id} ${event.name}`
      // Other views do not need the module, which takes a while to come up.
      const { createHash } = process.getBuiltinModule('node:crypto')
      const digest = `sha256:${createHash('sha256').update(name).digest('hex')}`
      const vertex = { digest, name: event.name, started: event.started }
      this.#vertexes.set(event.id, vertex)
      this.#line({ vertexes: [vertex] })
    }
    if (event.type === 'warning') {
      const short = Buffer.from(`${event.rule}: ${event.message} (line ${event.lines.first})`).toString(
        'base64',
      )
      const range = [{ start: { line: event.lines.first }, end: { line: event.lines.last } }]
      this.#line({ warnings: [{ level: 1, short, range }] })
    }
    const vertex = 'id' in event ? this.#vertexes.get(event.id) : undefined
    if (!vertex) return
    if (event.type === 'log') {
      const data = Buffer.from(event.data.data).toString('base64')
      const stream = event.stream === 'stdout' ? 1 : 2
      this.#line({ logs: [{ vertex: vertex.digest, stream, data, timestamp: now }] })
    }
    if (event.type === 'progress') {
      const { what: id, current, total } = event
      this.#line({ statuses: [{ id, vertex: vertex.digest, current, total, timestamp: now }] })
    }
    if (event.type === 'end') {
      const { cached, error } = event
      this.#line({
        vertexes: [{ ...vertex, completed: now, ...(cached && { cached }), ...(error && { error }) }],
      })
    }
  }

  close(): void {}

  report(): void {}

  #line(status: object): void {
    this.#output.write(`${JSON.stringify(status)}\n`)
  }
}
