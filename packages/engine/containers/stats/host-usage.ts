/** What the host's processors have done, and a network namespace's interfaces: counters of /proc. */
import { readFileSync } from 'node:fs'
import type { ContainerNetworkStats } from '@gantry/api'

export interface ProcessorUsage {
  /** Nanoseconds of all processors together, idle ones included: what a container's share is measured by. */
  total: number
  online: number
}

/** USER_HZ: the unit of times in /proc, fixed for programs on Linux. */
const ticksPerSecond = 100

/** How long what was read counts as now, in milliseconds: the kernel itself counts in steps of 10. */
const freshness = 5

/** Reads `/proc/stat` once for all containers that are looked at in the same moment. */
export class HostProcessors {
  #usage: ProcessorUsage = { total: 0, online: 0 }
  #readAt = Number.NEGATIVE_INFINITY

  read(): ProcessorUsage {
    const now = performance.now()
    if (now - this.#readAt > freshness) {
      this.#usage = parseProcessors(readFileSync('/proc/stat', 'utf8'))
      this.#readAt = now
    }
    return this.#usage
  }
}

/** proc_stat(5): user, nice, system, idle, iowait, irq and softirq, as Docker adds them up. */
export function parseProcessors(text: string): ProcessorUsage {
  const ticks = /^cpu +(.*)$/m.exec(text)?.[1]?.split(' ').slice(0, 7).map(Number) ?? []
  return {
    total: (ticks.reduce((sum, value) => sum + value, 0) * 1e9) / ticksPerSecond,
    online: text.match(/^cpu\d/gm)?.length ?? 0,
  }
}

/** Counters of the named interfaces in the network namespace of a process. Empty when it has ended. */
export function networkUsage(
  pid: number,
  interfaces: ReadonlySet<string>,
): Record<string, NonNullable<ContainerNetworkStats>> {
  try {
    return parseInterfaces(readFileSync(`/proc/${pid}/net/dev`, 'utf8'), interfaces)
  } catch {
    return {}
  }
}

/** proc_net_dev(5): eight counters of what was received, then eight of what was sent. */
export function parseInterfaces(
  text: string,
  interfaces: ReadonlySet<string>,
): Record<string, NonNullable<ContainerNetworkStats>> {
  const usage: Record<string, NonNullable<ContainerNetworkStats>> = {}
  for (const line of text.split('\n')) {
    const match = /^ *([^:]+):\s*(.*)$/.exec(line)
    if (!match || !interfaces.has(match[1] ?? '')) continue
    const counters = (match[2] ?? '').trim().split(/\s+/).map(Number)
    const counter = (index: number) => counters[index] ?? 0
    usage[match[1] ?? ''] = {
      rx_bytes: counter(0),
      rx_packets: counter(1),
      rx_errors: counter(2),
      rx_dropped: counter(3),
      tx_bytes: counter(8),
      tx_packets: counter(9),
      tx_errors: counter(10),
      tx_dropped: counter(11),
    }
  }
  return usage
}
