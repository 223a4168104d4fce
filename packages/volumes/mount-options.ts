import { GantryError } from '@gantry/errors'

/** What mount(2) is told: a file system type, a device, flags, and data for the file system. */
export interface MountArguments {
  type: string
  device: string
  /** MS_* bits without propagation. */
  flags: number
  /** MS_SHARED and the like, which need a call of their own; 0 for none. */
  propagation: number
  data: string
}

const known = ['type', 'o', 'device', 'size']
const required: Record<string, string[]> = { device: ['type'], type: ['device'], o: ['device', 'type'] }

/** Throws InvalidParameter, in Docker's words, unless the local driver understands these options. */
export function checkDriverOptions(name: string, options: Record<string, string>): void {
  const fail = (problem: string) => new GantryError('InvalidParameter', `create ${name}: ${problem}`)
  for (const option of Object.keys(options))
    if (!known.includes(option)) throw fail(`invalid option: ${JSON.stringify(option)}`)
  if (options.size !== undefined) throw fail('quota size requested but no quota support')
  for (const [option, others] of Object.entries(required))
    for (const other of others)
      if (options[option] !== undefined && !options[other])
        throw fail(`missing required option: ${JSON.stringify(other)}`)
}

/** Whether a volume with these options is a mount of its own. */
export function hasMount(options: Record<string, string>): boolean {
  return Boolean(options.device) && Boolean(options.type)
}

interface Flag {
  bits: number
  /** Taken away rather than added: `rw` undoes `ro`. */
  clear?: boolean
}

const MS_BIND = 0x1000
const MS_REC = 0x4000
const flags: Record<string, Flag> = {
  defaults: { bits: 0 },
  ro: { bits: 0x1 },
  rw: { bits: 0x1, clear: true },
  nosuid: { bits: 0x2 },
  suid: { bits: 0x2, clear: true },
  nodev: { bits: 0x4 },
  dev: { bits: 0x4, clear: true },
  noexec: { bits: 0x8 },
  exec: { bits: 0x8, clear: true },
  sync: { bits: 0x10 },
  async: { bits: 0x10, clear: true },
  remount: { bits: 0x20 },
  mand: { bits: 0x40 },
  nomand: { bits: 0x40, clear: true },
  dirsync: { bits: 0x80 },
  noatime: { bits: 0x400 },
  atime: { bits: 0x400, clear: true },
  nodiratime: { bits: 0x800 },
  diratime: { bits: 0x800, clear: true },
  bind: { bits: MS_BIND },
  rbind: { bits: MS_BIND | MS_REC },
  relatime: { bits: 0x200000 },
  norelatime: { bits: 0x200000, clear: true },
  strictatime: { bits: 0x1000000 },
  nostrictatime: { bits: 0x1000000, clear: true },
}

const propagations: Record<string, number> = {
  unbindable: 1 << 17,
  runbindable: (1 << 17) | MS_REC,
  private: 1 << 18,
  rprivate: (1 << 18) | MS_REC,
  slave: 1 << 19,
  rslave: (1 << 19) | MS_REC,
  shared: 1 << 20,
  rshared: (1 << 20) | MS_REC,
}

/** Reads `type`, `device` and `o` (mount(8)'s words; what is no flag goes to the file system as data). */
export function parseMountOptions(options: Record<string, string>): MountArguments {
  const parsed: MountArguments = {
    type: options.type ?? '',
    device: options.device ?? '',
    flags: 0,
    propagation: 0,
    data: '',
  }
  const data: string[] = []
  for (const word of (options.o ?? '').split(',')) {
    const flag = flags[word]
    const propagation = propagations[word]
    if (flag) parsed.flags = flag.clear ? parsed.flags & ~flag.bits : parsed.flags | flag.bits
    else if (propagation) parsed.propagation |= propagation
    else if (word !== '') data.push(word)
  }
  parsed.data = data.join(',')
  return parsed
}
