/** What happens in a build, as BuildKit tells it: a graph of vertexes with their times, logs and progress. */
import { createHash } from 'node:crypto'
import type { BuildEvent } from '@gantry/build'
import { type StatusResponse, timestamp } from '@gantry/buildkit'

type Vertex = StatusResponse['vertexes'][number]
type VertexStatus = StatusResponse['statuses'][number]

export class BuildTrace {
  readonly #build: string
  readonly #vertexes = new Map<number, Vertex>()
  /** What is under way in a vertex, by its name. */
  readonly #progressing = new Map<number, Map<string, VertexStatus>>()

  /** `build` tells this build's vertexes apart from those of others. */
  constructor(build: string) {
    this.#build = build
  }

  /** What an event adds; null for nothing. */
  status(event: BuildEvent, now = new Date()): Partial<StatusResponse> | null {
    switch (event.type) {
      case 'step':
        return this.#vertex(event.id, {
          digest: this.#digest(event.id),
          name: event.name,
          started: timestamp(event.started),
        })
      case 'end': {
        const { id, cached, error } = event
        return {
          ...this.#vertex(id, { cached, completed: timestamp(now), ...(error !== undefined && { error }) }),
          statuses: this.#completed(id, now),
        }
      }
      case 'log':
        return {
          logs: [
            {
              vertex: this.#digest(event.id),
              timestamp: timestamp(now),
              stream: event.stream === 'stdout' ? 1 : 2,
              msg: event.data,
            },
          ],
        }
      case 'progress':
        return { statuses: [this.#progress(event, now)] }
      case 'warning':
        return {
          warnings: [
            {
              vertex: this.#digest(0),
              level: 1,
              short: Buffer.from(`${event.rule}: ${event.message} (line ${event.lines.first})`),
              ranges: [{ start: { line: event.lines.first }, end: { line: event.lines.last } }],
            },
          ],
        }
      default:
        return null
    }
  }

  #vertex(id: number, change: Vertex): Partial<StatusResponse> {
    const vertex = { ...this.#vertexes.get(id), ...change }
    this.#vertexes.set(id, vertex)
    return { vertexes: [vertex] }
  }

  #progress(
    { id, what, current, total }: Extract<BuildEvent, { type: 'progress' }>,
    now: Date,
  ): VertexStatus {
    const all = this.#progressing.get(id) ?? new Map<string, VertexStatus>()
    this.#progressing.set(id, all)
    const status = {
      id: what,
      vertex: this.#digest(id),
      name: what,
      current,
      total,
      timestamp: timestamp(now),
      started: all.get(what)?.started ?? timestamp(now),
      ...(total > 0 && current >= total && { completed: timestamp(now) }),
    }
    all.set(what, status)
    return status
  }

  /** What was under way has ended with its vertex. */
  #completed(id: number, now: Date): VertexStatus[] {
    const all = [...(this.#progressing.get(id)?.values() ?? [])].filter(({ completed }) => !completed)
    this.#progressing.delete(id)
    return all.map((status) => ({ ...status, timestamp: timestamp(now), completed: timestamp(now) }))
  }

  #digest(id: number): string {
    return `sha256:${createHash('sha256').update(`${this.#build} ${id}`).digest('hex')}`
  }
}
