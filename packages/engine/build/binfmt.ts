/**
 * Whether programs of another platform run here: those that the processor itself runs, or for which the kernel has a
 * handler (Documentation/admin-guide/binfmt-misc.rst), usually QEMU.
 */
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { GantryError } from '@gantry/errors'
import { bestMatch, formatPlatform, type Platform } from '@gantry/oci'

const directory = '/proc/sys/fs/binfmt_misc'

/** Of an ELF header: `e_machine`, whether addresses have 64 bits, and whether numbers begin with their highest byte. */
const machines: Record<string, { machine: number; wide: boolean; big: boolean }> = {
  '386': { machine: 3, wide: false, big: false },
  amd64: { machine: 62, wide: true, big: false },
  arm: { machine: 40, wide: false, big: false },
  arm64: { machine: 183, wide: true, big: false },
  loong64: { machine: 258, wide: true, big: false },
  mips: { machine: 8, wide: false, big: true },
  mipsle: { machine: 8, wide: false, big: false },
  mips64: { machine: 8, wide: true, big: true },
  mips64le: { machine: 8, wide: true, big: false },
  ppc64: { machine: 21, wide: true, big: true },
  ppc64le: { machine: 21, wide: true, big: false },
  riscv64: { machine: 243, wide: true, big: false },
  s390x: { machine: 22, wide: true, big: true },
}

/** One handler, as its file in binfmt_misc tells. */
export interface Handler {
  enabled: boolean
  interpreter: string
  /** With `F` the kernel keeps the interpreter open, so that it need not be in the container. */
  flags: string
  offset: number
  magic: Buffer
  mask: Buffer | null
}

/** Null for a handler that goes by the names of files. */
export function parseHandler(text: string): Handler | null {
  const value = (name: string): string | undefined => new RegExp(`^${name}:? (.*)$`, 'm').exec(text)?.[1]
  const magic = value('magic')
  if (magic === undefined) return null
  const mask = value('mask')
  return {
    enabled: /^enabled$/m.test(text),
    interpreter: value('interpreter') ?? '',
    flags: value('flags') ?? '',
    offset: Number(value('offset') ?? 0),
    magic: Buffer.from(magic, 'hex'),
    mask: mask === undefined ? null : Buffer.from(mask, 'hex'),
  }
}

/** Whether the handler is for programs of that architecture. */
export function handles({ enabled, offset, magic, mask }: Handler, architecture: string): boolean {
  const head = Object.hasOwn(machines, architecture) ? elfHead(architecture) : null
  if (!enabled || !head || magic.length === 0 || offset + magic.length > head.length) return false
  return magic.every(
    (byte, index) => (((head[offset + index] ?? 0) ^ byte) & (mask ? (mask[index] ?? 0xff) : 0xff)) === 0,
  )
}

/** The first bytes of a static program. */
function elfHead(architecture: string): Buffer | null {
  const known = machines[architecture]
  if (!known) return null
  const { machine, wide, big } = known
  const head = Buffer.alloc(128)
  head.write('\x7fELF', 0, 'latin1')
  head.set([wide ? 2 : 1, big ? 2 : 1, 1], 4)
  const put = (value: number, offset: number) =>
    big ? head.writeUInt16BE(value, offset) : head.writeUInt16LE(value, offset)
  put(2, 16) // ET_EXEC
  put(machine, 18)
  return head
}

async function handlers(): Promise<Handler[]> {
  const names = await readdir(directory).catch(() => [])
  const texts = await Promise.all(
    names
      .filter((name) => name !== 'register' && name !== 'status')
      .map((name) => readFile(join(directory, name), 'utf8').catch(() => '')),
  )
  return texts.map(parseHandler).filter((handler) => handler !== null)
}

/** Rejects with InvalidParameter, naming the platform and what to install, when its programs do not run here. */
export async function expectRunnable(platform: Platform, host: Platform): Promise<void> {
  if (bestMatch(host, [platform]) >= 0) return
  const { architecture } = platform
  const wanted = formatPlatform(platform)
  const fitting = (await handlers()).filter((handler) => handles(handler, architecture))
  if (fitting.some(({ flags }) => flags.includes('F'))) return
  const [handler] = fitting
  const reason = handler
    ? `the handler ${handler.interpreter} in ${directory} was registered without the flag F (fix binary), so it is not seen inside of containers`
    : `no handler for ${architecture} is registered in ${directory}`
  throw new GantryError(
    'InvalidParameter',
    `cannot run programs for ${wanted} on ${formatPlatform(host)}: ${reason}. Install one, with Debian: apt install qemu-user-static binfmt-support`,
  )
}
