/** Dockerfile instructions applied to a configuration, as `import --change` and `commit --change` take them. */
import { posix } from 'node:path'
import { GantryError } from '@gantry/errors'
import type { RunConfig } from '@gantry/oci'
import { parseHealthcheck } from './healthcheck.ts'
import { parsePairs, splitWords } from './words.ts'

type Instruction = (config: RunConfig, rest: string) => RunConfig

const instructions: Record<string, Instruction> = {
  cmd: (config, rest) => ({ ...config, Cmd: commandLine(rest) }),
  entrypoint: (config, rest) => ({ ...config, Entrypoint: commandLine(rest) }),
  env: (config, rest) => ({ ...config, Env: withEnv(config.Env ?? [], parsePairs('ENV', rest)) }),
  expose: (config, rest) => ({ ...config, ExposedPorts: { ...config.ExposedPorts, ...portSet(rest) } }),
  healthcheck: (config, rest) => ({ ...config, Healthcheck: parseHealthcheck(rest) }),
  label: (config, rest) => ({
    ...config,
    Labels: { ...config.Labels, ...Object.fromEntries(parsePairs('LABEL', rest)) },
  }),
  onbuild: (config, rest) => ({ ...config, OnBuild: [...(config.OnBuild ?? []), required('ONBUILD', rest)] }),
  stopsignal: (config, rest) => ({ ...config, StopSignal: required('STOPSIGNAL', rest) }),
  user: (config, rest) => ({ ...config, User: required('USER', rest) }),
  volume: (config, rest) => ({ ...config, Volumes: { ...config.Volumes, ...volumeSet(rest) } }),
  workdir: (config, rest) => ({
    ...config,
    WorkingDir: posix.resolve('/', config.WorkingDir ?? '/', required('WORKDIR', rest)),
  }),
}

/** The configuration with the changes made, in order. Throws InvalidParameter, e.g. `nope is not a valid change command`. */
export function applyChanges(config: RunConfig, changes: readonly string[]): RunConfig {
  let hasCommand = false
  return changes
    .flatMap((change) => change.split('\n'))
    .map((line) => line.trim())
    .filter((line) => line !== '' && !line.startsWith('#'))
    .reduce((before, line) => {
      const changed = applyChange(before, line)
      hasCommand ||= changed.Cmd !== before.Cmd
      // A command belongs to the entrypoint it was written for.
      return changed.Entrypoint !== before.Entrypoint && !hasCommand ? withoutCommand(changed) : changed
    }, config)
}

function withoutCommand({ Cmd: _, ...config }: RunConfig): RunConfig {
  return config
}

function applyChange(config: RunConfig, line: string): RunConfig {
  const [, name = '', rest = ''] = /^(\S+)\s*(.*)$/s.exec(line) ?? []
  const instruction = instructions[name.toLowerCase()]
  if (!instruction) throw invalid(`${name.toLowerCase()} is not a valid change command`)
  return instruction(config, rest.trim())
}

/** `["a", "b"]` as it is, anything else for the shell. */
export function commandLine(rest: string): string[] {
  return jsonList(rest) ?? (rest === '' ? [] : ['/bin/sh', '-c', rest])
}

function jsonList(text: string): string[] | undefined {
  if (!text.startsWith('[')) return undefined
  try {
    const value: unknown = JSON.parse(text)
    return Array.isArray(value) && value.every((each) => typeof each === 'string') ? value : undefined
  } catch {
    return undefined
  }
}

function withEnv(env: string[], pairs: [string, string][]): string[] {
  const result = [...env]
  for (const [key, value] of pairs) {
    const at = result.findIndex((each) => each.startsWith(`${key}=`))
    result.splice(at < 0 ? result.length : at, at < 0 ? 0 : 1, `${key}=${value}`)
  }
  return result
}

/** `80`, `53/udp`, `8000-8010/tcp`. */
function portSet(rest: string): Record<string, Record<string, never>> {
  const ports: Record<string, Record<string, never>> = {}
  for (const word of splitWords(required('EXPOSE', rest))) {
    const match = /^(\d{1,5})(?:-(\d{1,5}))?(?:\/(tcp|udp|sctp))?$/i.exec(word)
    const first = Number(match?.[1])
    const last = Number(match?.[2] ?? match?.[1])
    if (!match || first < 1 || last > 65535 || last < first) throw invalid(`invalid containerPort: ${word}`)
    for (let port = first; port <= last; port++) ports[`${port}/${(match[3] ?? 'tcp').toLowerCase()}`] = {}
  }
  return ports
}

function volumeSet(rest: string): Record<string, Record<string, never>> {
  const paths = jsonList(rest) ?? splitWords(required('VOLUME', rest))
  if (paths.some((path) => path.trim() === '')) throw invalid('VOLUME specified can not be an empty string')
  return Object.fromEntries(paths.map((path) => [path, {}]))
}

function required(name: string, rest: string): string {
  if (rest === '') throw invalid(`${name} requires at least one argument`)
  return rest
}

function invalid(message: string): GantryError {
  return new GantryError('InvalidParameter', message)
}
