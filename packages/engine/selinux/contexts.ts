/** What the host's policy says of containers: selinux_config(5) and the file lxc_contexts beside the policy. */
import { readFile, stat } from 'node:fs/promises'
import { join } from 'node:path'

/** `user:role:type:level`; a policy without MLS has no level. */
export interface Context {
  user: string
  role: string
  type: string
  level: string
}

export interface ContainerContexts {
  process: Context
  file: Context
}

/** Where the kernel and the policy's configuration are. */
export interface SelinuxPaths {
  /** selinuxfs. */
  kernel: string
  configuration: string
}

const hostPaths: SelinuxPaths = { kernel: '/sys/fs/selinux', configuration: '/etc/selinux' }

/** The contexts that the loaded policy has for containers; null on a host where SELinux is off or the policy has none. */
export async function containerContexts(paths: SelinuxPaths = hostPaths): Promise<ContainerContexts | null> {
  const { kernel, configuration } = paths
  if (
    !(await stat(join(kernel, 'enforce')).then(
      () => true,
      () => false,
    ))
  )
    return null
  const type = settings(await textOf(join(configuration, 'config'))).get('SELINUXTYPE') ?? 'targeted'
  const contexts = settings(await textOf(join(configuration, type, 'contexts/lxc_contexts')))
  const process = parseContext(contexts.get('process') ?? '')
  const file = parseContext(contexts.get('file') ?? '')
  return process && file && { process, file }
}

async function textOf(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return ''
    throw error
  }
}

/** Lines `key = "value"`, with or without the quotes. */
function settings(text: string): Map<string, string> {
  const lines = text.matchAll(/^[ \t]*(\w+)[ \t]*=[ \t]*"?([^"\n]*?)"?[ \t]*$/gm)
  return new Map([...lines].map(([, key = '', value = '']) => [key, value]))
}

/** Null for what is not `user:role:type[:level]`; the level may have colons of its own. */
export function parseContext(text: string): Context | null {
  const [, user = '', role = '', type = '', level = ''] =
    /^([^:\s]+):([^:\s]+):([^:\s]+)(?::(\S+))?$/.exec(text) ?? []
  return user === '' ? null : { user, role, type, level }
}

/** A context as the kernel reads it: `user:role:type:level`, without the level where there is none. */
export function formatContext({ user, role, type, level }: Context): string {
  return [user, role, type, ...(level ? [level] : [])].join(':')
}
