import type { ContainerStatsResponse } from '@gantry/api'
import type { Container } from '../container.ts'
import type { ContainerDependencies } from '../dependencies.ts'
import { notFound, type Registry } from '../registry.ts'
import { isUp } from '../state.ts'
import { sharedContainer } from '../validate-modes.ts'
import { HostProcessors, networkUsage } from './host-usage.ts'
import { type Measurement, Meter } from './meter.ts'
import { type Sample, sampleOf, statsResponse } from './sample.ts'

type StatsDependencies = Pick<ContainerDependencies, 'networks' | 'clock' | 'facts'>

/** How containers use the host: one meter a container, shared by all clients that ask about it. */
export class Stats {
  readonly #deps: StatsDependencies
  readonly #registry: Registry
  readonly #processors = new HostProcessors()
  readonly #meters = new Map<Container, Meter>()

  constructor(deps: StatsDependencies, registry: Registry) {
    this.#deps = deps
    this.#registry = registry
  }

  /**
   * One sample; with `oneShot` at once, else with the use of processors before it to compare with. A container that does
   * not run gives an empty one.
   */
  async once(container: Container, { oneShot = false } = {}): Promise<ContainerStatsResponse> {
    if (oneShot) return statsResponse(container, this.#take(container), null)
    return response(container, await this.#meter(container).compared())
  }

  /**
   * A sample now and one each second, empty ones while the container does not run, until it is removed or the signal says
   * so. Who reads more slowly gets the newest only.
   */
  async *stream(container: Container, signal?: AbortSignal): AsyncIterable<ContainerStatsResponse> {
    const next: { answer: ContainerStatsResponse | null; ended: boolean } = { answer: null, ended: false }
    let wake = () => {}
    const end = () => {
      next.ended = true
      wake()
    }
    signal?.addEventListener('abort', end)
    const unobserve = container.observe({ removed: end })
    const unlisten = this.#meter(container).listen((measurement) => {
      next.answer = response(container, measurement)
      wake()
    })
    try {
      while (!next.ended && !signal?.aborted && !container.gone) {
        const { answer } = next
        next.answer = null
        if (answer) yield answer
        else {
          await new Promise<void>((resolve) => {
            wake = resolve
          })
        }
      }
    } finally {
      unlisten()
      unobserve()
      signal?.removeEventListener('abort', end)
    }
  }

  #meter(container: Container): Meter {
    for (const [other, meter] of this.#meters) if (other.gone || meter.idle) this.#meters.delete(other)
    const known = this.#meters.get(container)
    if (known) return known
    if (container.gone) throw notFound(container.id)
    const meter = new Meter(() => this.#take(container), this.#deps.clock)
    this.#meters.set(container, meter)
    return meter
  }

  /** Null while it does not run. */
  #take(container: Container): Sample | null {
    const { state } = container.record
    const usage = isUp(state) ? container.task?.usage() : null
    if (!isUp(state) || !usage) return null
    return sampleOf({
      usage,
      processors: this.#processors.read(),
      hostMemory: this.#deps.facts.memory,
      networks: networkUsage(state.pid, this.#interfaces(container)),
      read: this.#deps.clock.now(),
      startedAt: state.startedAt,
    })
  }

  /** Of the container's own network or of the one that it shares; none with the host's. */
  #interfaces(container: Container): Set<string> {
    let owner = container
    const seen = new Set<Container>()
    for (;;) {
      const donor = sharedContainer(owner.record.hostConfig.NetworkMode)
      if (donor === null || seen.has(owner)) break
      seen.add(owner)
      try {
        owner = this.#registry.find(donor)
      } catch {
        return new Set()
      }
    }
    const endpoints = Object.values(this.#deps.networks.sandbox(owner.id)?.endpoints ?? {})
    return new Set(endpoints.flatMap(({ interfaceName }) => interfaceName ?? []))
  }
}

function response(container: Container, measurement: Measurement | null): ContainerStatsResponse {
  return statsResponse(container, measurement?.sample ?? null, measurement?.previous ?? null)
}
