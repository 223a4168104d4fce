/** What of /proc and /sys a container does not see, or cannot write. */
import type { HostFacts } from './host.ts'

const masked = [
  '/proc/acpi',
  '/proc/asound',
  '/proc/interrupts',
  '/proc/kcore',
  '/proc/keys',
  '/proc/latency_stats',
  '/proc/sched_debug',
  '/proc/scsi',
  '/proc/timer_list',
  '/proc/timer_stats',
  '/sys/devices/virtual/powercap',
  '/sys/firmware',
]

/** Hidden from every container that is not privileged (CVE: info leaks through /proc and /sys). */
export function defaultMaskedPaths(host: Pick<HostFacts, 'extraMaskedPaths'>): string[] {
  return [...masked, ...host.extraMaskedPaths]
}

export const defaultReadonlyPaths = ['/proc/bus', '/proc/fs', '/proc/irq', '/proc/sys', '/proc/sysrq-trigger']
