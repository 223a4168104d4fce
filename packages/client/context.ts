/** Docker contexts: named endpoints in `contexts/meta/<sha256 of the name>/meta.json`. */
import { messageOf } from '@gantry/errors'
import { type TlsFiles, unresolvable } from './endpoint.ts'
import { isThere, readSmallFile } from './small-file.ts'

interface ContextMetadata {
  Endpoints?: { docker?: { Host?: string; SkipTLSVerify?: boolean } }
}

/** The engine's endpoint of a context. Throws InvalidParameter for a context that is not there or says no host. */
export function contextEndpoint(name: string, directory: string): { host: string; tls?: TlsFiles } {
  // The module takes a third of the time in which a command without contexts is over.
  const { createHash } = process.getBuiltinModule('node:crypto')
  const id = createHash('sha256').update(name).digest('hex')
  const path = `${directory}/contexts/meta/${id}/meta.json`
  const docker = readMetadata(name, path).Endpoints?.docker
  if (!docker?.Host) throw unresolvable(`context ${JSON.stringify(name)} has no docker endpoint`)
  const tls = readTls(`${directory}/contexts/tls/${id}/docker`, docker.SkipTLSVerify === true)
  return { host: docker.Host, ...(tls && { tls }) }
}

function readMetadata(name: string, path: string): ContextMetadata {
  if (!isThere(path)) {
    const reason = `context not found: open ${path}: no such file or directory`
    throw unresolvable(`context ${JSON.stringify(name)}: ${reason}`)
  }
  try {
    return JSON.parse(readSmallFile(path)) as ContextMetadata
  } catch (error) {
    throw unresolvable(`context ${JSON.stringify(name)}: ${messageOf(error)}`)
  }
}

function readTls(folder: string, skipVerify: boolean): TlsFiles | undefined {
  const { existsSync, readFileSync } = process.getBuiltinModule('node:fs')
  const read = (file: string) =>
    existsSync(`${folder}/${file}`) ? readFileSync(`${folder}/${file}`) : undefined
  const ca = read('ca.pem')
  const cert = read('cert.pem')
  const key = read('key.pem')
  if (!ca && !cert && !key && !skipVerify) return undefined
  return { ...(ca && { ca }), ...(cert && { cert }), ...(key && { key }), verify: !skipVerify }
}
