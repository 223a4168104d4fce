/** Own authorities and client certificates of registries: Docker's `certs.d/<host:port>/` folders. */
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { rootCertificates } from 'node:tls'
import { RegistryError } from './errors.ts'

export interface RegistryCertificates {
  /** Authorities trusted beside the system's. */
  authorities: string[]
  client: { cert: string; key: string }[]
  /** Paths of `*.crt` files without a certificate that can be read. */
  unreadable: string[]
}

/** One certificate of a file of them. */
export const pemCertificate = /-----BEGIN (?:TRUSTED |X509 )?CERTIFICATE-----[^-]+-----END [^-]+-----/g

/** Where distributions keep the authorities that a machine trusts. */
const systemBundles = [
  '/etc/ssl/certs/ca-certificates.crt',
  '/etc/pki/tls/certs/ca-bundle.crt',
  '/etc/ssl/ca-bundle.pem',
  '/etc/ssl/cert.pem',
]

/**
 * Reads a registry's folder below each of `directories`: `*.crt` are authorities, `*.cert` with `*.key` of the same name
 * client certificates. Undefined when no folder exists. Throws RegistryError `tls` for half a pair.
 */
export async function readCertificates(
  directories: readonly string[],
  host: string,
): Promise<RegistryCertificates | undefined> {
  const found: RegistryCertificates = { authorities: [], client: [], unreadable: [] }
  let exists = false
  // A name that comes from outside must not lead elsewhere.
  if (!/^[\w.:[\]-]+$/.test(host) || host.startsWith('.')) return undefined
  for (const directory of directories) {
    const folder = join(directory, host)
    const names = await readdir(folder).catch(() => undefined)
    if (names === undefined) continue
    exists = true
    await readFolder(folder, names.sort(), found)
  }
  return exists ? found : undefined
}

async function readFolder(folder: string, names: string[], found: RegistryCertificates): Promise<void> {
  for (const name of names) {
    const path = join(folder, name)
    if (name.endsWith('.crt')) {
      const text = await readFile(path, 'utf8')
      if (text.match(pemCertificate)) found.authorities.push(text)
      else found.unreadable.push(path)
    }
    if (name.endsWith('.cert')) {
      const key = name.replace(/cert$/, 'key')
      if (!names.includes(key))
        throw new RegistryError(
          'tls',
          `missing key ${key} for client certificate ${name}. CA certificates must use the extension .crt`,
        )
      found.client.push({
        cert: await readFile(path, 'utf8'),
        key: await readFile(join(folder, key), 'utf8'),
      })
    }
    if (name.endsWith('.key') && !names.includes(name.replace(/key$/, 'cert')))
      throw new RegistryError(
        'tls',
        `missing client certificate ${name.replace(/key$/, 'cert')} for key ${name}`,
      )
  }
}

/** The authorities that this machine trusts: the distribution's bundle, or what the runtime brings along. */
export async function systemAuthorities(
  environment: Readonly<Record<string, string | undefined>> = process.env,
): Promise<string[]> {
  const own = environment.SSL_CERT_FILE
  for (const path of own ? [own] : systemBundles) {
    const text = await readFile(path, 'utf8').catch(() => undefined)
    if (text !== undefined) return [text]
  }
  return [...rootCertificates]
}
