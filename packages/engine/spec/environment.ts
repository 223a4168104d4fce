const defaultPath = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin'

export interface EnvironmentRequest {
  hostname: string
  terminal: boolean
  /** Each overrides what came before; an entry without `=` removes a variable. */
  layers: (readonly string[] | null | undefined)[]
  /** The user is not in the database, where the OCI runtime would find HOME. */
  homeless?: boolean
}

/** The environment in Docker's order: PATH, HOSTNAME, TERM with a terminal, then what was configured. */
export function environment({ hostname, terminal, layers, homeless }: EnvironmentRequest): string[] {
  const variables = new Map([
    ['PATH', defaultPath],
    ['HOSTNAME', hostname],
  ])
  if (terminal) variables.set('TERM', 'xterm')
  for (const entry of layers.flatMap((layer) => layer ?? [])) {
    const equals = entry.indexOf('=')
    if (equals < 0) variables.delete(entry)
    else variables.set(entry.slice(0, equals), entry.slice(equals + 1))
  }
  if (homeless && !variables.has('HOME')) variables.set('HOME', '/')
  return [...variables].map(([name, value]) => `${name}=${value}`)
}
