/** How containers are kept apart when they say nothing themselves. */
import { readFileSync } from 'node:fs'
import { GantryError, messageOf } from '@gantry/errors'
import type { OptionValues } from './option-values.ts'

export interface IsolationConfig {
  ipcMode: 'private' | 'shareable'
  /** Undefined: private on cgroup v2, the host's on v1. */
  cgroupnsMode: 'private' | 'host' | undefined
  noNewPrivileges: boolean
  /** Containers are to be labelled. */
  selinux: boolean
  /** `builtin`, `unconfined` or the path of `text`. */
  seccompProfile: string
  /** Of a profile that is read from a file. */
  seccompText: string | undefined
  /** As given: `default`, `user`, `user:group`, `uid:gid`; undefined when user ids are not remapped. */
  usernsRemap: string | undefined
}

/** Throws InvalidParameter in the words of dockerd, also for a seccomp profile that cannot be read. */
export function isolationOf(values: OptionValues): IsolationConfig {
  const profile = values['seccomp-profile'] || 'builtin'
  return {
    ipcMode: ipcModeOf(values['default-ipc-mode'] || 'private'),
    cgroupnsMode: cgroupnsModeOf(values['default-cgroupns-mode'] || undefined),
    noNewPrivileges: values['no-new-privileges'] ?? false,
    selinux: values['selinux-enabled'] ?? false,
    seccompProfile: profile,
    seccompText: profile === 'builtin' || profile === 'unconfined' ? undefined : readProfile(profile),
    usernsRemap: values['userns-remap'] || undefined,
  }
}

function ipcModeOf(mode: string): IsolationConfig['ipcMode'] {
  if (mode === 'private' || mode === 'shareable') return mode
  const hint = 'use "shareable" or "private"'
  if (['none', 'host'].includes(mode) || mode.startsWith('container:'))
    throw invalid(`IPC mode "${mode}" is not supported as default value; ${hint}`)
  throw invalid(`Default IPC mode setting (${mode}) is invalid; ${hint}`)
}

function cgroupnsModeOf(mode: string | undefined): IsolationConfig['cgroupnsMode'] {
  if (mode === undefined || mode === 'private' || mode === 'host') return mode
  throw invalid(`default cgroup namespace mode (${mode}) is invalid; use "host" or "private"`)
}

function readProfile(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch (error) {
    throw invalid(`opening seccomp profile (${path}) failed: ${messageOf(error)}`)
  }
}

function invalid(message: string): GantryError {
  return new GantryError('InvalidParameter', message)
}
