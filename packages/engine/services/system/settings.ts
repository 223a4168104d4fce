import type { Runtime, SystemInfo } from '@gantry/api'

/** What the daemon was told and has found out at its start; some of it changes with a reload. */
export interface SystemSettings {
  /** Kept in the data root: see `engineId`. */
  engineId: string
  version: string
  gitCommit: string
  /** RFC 3339; empty when run from sources. */
  buildTime: string
  apiVersion: string
  minApiVersion: string
  dataRoot: string
  debug: boolean
  experimental: boolean
  labels: string[]
  runtimes: Record<string, Runtime>
  defaultRuntime: string
  initBinary: string
  logDrivers: string[]
  defaultLogDriver: string
  cgroupDriver: NonNullable<SystemInfo['CgroupDriver']>
  /** `name=seccomp,profile=builtin` and the like. */
  securityOptions: string[]
  insecureRegistries: string[]
  registryMirrors: string[]
  addressPools: { base: string; size: number }[]
  firewall: string
  proxies: { http: string; https: string; no: string }
  /** Of the daemon's own, e.g. about an API without encryption. */
  warnings: string[]
}

/** A program that the engine stands on: the OCI runtime, the monitor, the init. */
export interface ProgramVersion {
  name: string
  version: string
  commit?: string
}
