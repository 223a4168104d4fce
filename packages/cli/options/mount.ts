/** `--mount type=bind,source=/data,target=/data,readonly`. */
import { resolve } from 'node:path'
import type { Mount } from '@gantry/api'
import { parseSize } from '@gantry/dockerfile/size'
import { parseCsv } from './csv.ts'
import { parseGoBool } from './go-numbers.ts'

/** Reads one value of `--mount`. Relative sources (`./x`) start at `directory`. Throws RangeError with Docker's words. */
export function parseMount(text: string, directory = process.cwd()): Mount {
  const mount: Mount = { Type: 'volume' }
  for (const field of parseCsv(text)) {
    const equals = field.indexOf('=')
    const key = (equals < 0 ? field : field.slice(0, equals)).toLowerCase()
    if (equals < 0) setFlag(mount, key, field)
    else setOption(mount, key, field.slice(equals + 1), field, directory)
  }
  checkMount(mount)
  return mount
}

/** A field without a value. */
function setFlag(mount: Mount, key: string, field: string): void {
  if (key === 'readonly' || key === 'ro') mount.ReadOnly = true
  else if (key === 'volume-nocopy') mount.VolumeOptions = { ...mount.VolumeOptions, NoCopy: true }
  else if (key === 'bind-nonrecursive') mount.BindOptions = { ...mount.BindOptions, NonRecursive: true }
  else throw new RangeError(`invalid field '${field}' must be a key=value pair`)
}

function setOption(mount: Mount, key: string, value: string, field: string, directory: string): void {
  switch (key) {
    case 'type':
      mount.Type = value.toLowerCase() as Mount['Type'] & string
      return
    case 'source':
    case 'src':
      mount.Source = value === '.' || value.startsWith('./') ? resolve(directory, value) : value
      return
    case 'target':
    case 'dst':
    case 'destination':
      mount.Target = value
      return
    case 'readonly':
    case 'ro':
      mount.ReadOnly = valueOrThrow(key, value, parseGoBool)
      return
    case 'consistency':
      mount.Consistency = value.toLowerCase() as Mount['Consistency'] & string
      return
  }
  if (key.startsWith('bind-')) setBindOption(mount, key, value, field)
  else if (key.startsWith('volume-')) setVolumeOption(mount, key, value, field)
  else if (key.startsWith('tmpfs-')) setTmpfsOption(mount, key, value, field)
  else if (key === 'image-subpath') mount.ImageOptions = { Subpath: value }
  else throw unexpected(key, field)
}

function setBindOption(mount: Mount, key: string, value: string, field: string): void {
  mount.BindOptions ??= {}
  const options = mount.BindOptions
  if (key === 'bind-propagation')
    options.Propagation = value.toLowerCase() as typeof options.Propagation & string
  else if (key === 'bind-nonrecursive') options.NonRecursive = valueOrThrow(key, value, parseGoBool)
  else if (key !== 'bind-recursive') throw unexpected(key, field)
  else if (value === 'disabled') options.NonRecursive = true
  else if (value === 'writable') options.ReadOnlyNonRecursive = true
  else if (value === 'readonly') options.ReadOnlyForceRecursive = true
  else if (value !== 'enabled') {
    throw new RangeError(
      `invalid value for ${key}: ${value} (must be "enabled", "disabled", "writable", or "readonly")`,
    )
  } else if (Object.keys(options).length === 0) delete mount.BindOptions
}

function setVolumeOption(mount: Mount, key: string, value: string, field: string): void {
  mount.VolumeOptions ??= {}
  const options = mount.VolumeOptions
  if (key === 'volume-subpath') options.Subpath = value
  else if (key === 'volume-nocopy') options.NoCopy = valueOrThrow(key, value, parseGoBool)
  else if (key === 'volume-label') options.Labels = withPair(options.Labels, value)
  else if (key === 'volume-driver') options.DriverConfig = { ...options.DriverConfig, Name: value }
  else if (key === 'volume-opt') {
    options.DriverConfig = {
      ...options.DriverConfig,
      Options: withPair(options.DriverConfig?.Options, value),
    }
  } else throw unexpected(key, field)
}

function setTmpfsOption(mount: Mount, key: string, value: string, field: string): void {
  mount.TmpfsOptions ??= {}
  const options = mount.TmpfsOptions
  if (key === 'tmpfs-size') options.SizeBytes = valueOrThrow(key, value, parseSize)
  else if (key === 'tmpfs-mode') options.Mode = valueOrThrow(key, value, parseMode)
  else throw unexpected(key, field)
}

const unexpected = (key: string, field: string) => new RangeError(`unexpected key '${key}' in '${field}'`)

function valueOrThrow<T>(key: string, value: string, parse: (text: string) => T): T {
  try {
    return parse(value)
  } catch {
    throw new RangeError(`invalid value for ${key}: ${value}`)
  }
}

function parseMode(text: string): number {
  if (!/^[0-7]{1,11}$/.test(text)) throw new RangeError(`invalid mode: ${text}`)
  return Number.parseInt(text, 8)
}

function withPair(map: Record<string, string> | undefined, pair: string): Record<string, string> {
  const [key = '', ...value] = pair.split('=')
  return key === '' ? (map ?? {}) : { ...map, [key]: value.join('=') }
}

function checkMount(mount: Mount): void {
  const type: string = mount.Type ?? ''
  if (type === '') throw new RangeError('type is required')
  if (!mount.Target) throw new RangeError('target is required')
  const foreign = [
    ['volume', mount.VolumeOptions],
    ['image', mount.ImageOptions],
    ['bind', mount.BindOptions],
    ['tmpfs', mount.TmpfsOptions],
  ] as const
  for (const [kind, options] of foreign) {
    if (options && type !== kind)
      throw new RangeError(`cannot mix '${kind}-*' options with mount type '${type}'`)
  }
  const { BindOptions: bind, ReadOnly: readOnly } = mount
  if (bind?.ReadOnlyNonRecursive && !readOnly) throw needs('writable', 'readonly')
  if (bind?.ReadOnlyForceRecursive && !readOnly) throw needs('readonly', 'readonly')
  if (bind?.ReadOnlyForceRecursive && bind.Propagation !== 'rprivate') {
    throw needs('readonly', 'bind-propagation=rprivate')
  }
}

const needs = (recursive: string, other: string) =>
  new RangeError(`option 'bind-recursive=${recursive}' requires '${other}' to be specified in conjunction`)
