/** A certificate authority made for one test, and the certificates it signs. */
import { execFile } from 'node:child_process'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'

const run = promisify(execFile)

export interface CertificateFiles {
  certificate: string
  key: string
}

export interface Authority extends CertificateFiles {
  /** A server certificate for these names and addresses, under `<directory>/<name>.{crt,key}`. */
  server(name: string, hosts: readonly string[], options?: { days?: number }): Promise<CertificateFiles>
  /** A client certificate. */
  client(name: string): Promise<CertificateFiles>
}

const newKey = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes']

/** Makes a self-signed authority in `directory`, which must exist. */
export async function createAuthority(directory: string, name = 'ca'): Promise<Authority> {
  const ca = filesOf(directory, name)
  await run('openssl', [
    ...['req', '-x509', ...newKey, '-keyout', ca.key, '-out', ca.certificate, '-days', '2'],
    ...['-subj', `/CN=Gantry test ${name}`, '-addext', 'keyUsage=critical,keyCertSign,cRLSign'],
  ])

  async function sign(subject: string, extensions: string[], days = 2): Promise<CertificateFiles> {
    const files = filesOf(directory, subject)
    const request = join(directory, `${subject}.csr`)
    const extensionFile = join(directory, `${subject}.ext`)
    await writeFile(extensionFile, extensions.join('\n'))
    await run('openssl', ['req', ...newKey, '-keyout', files.key, '-out', request, '-subj', `/CN=${subject}`])
    await run('openssl', [
      ...['x509', '-req', '-in', request, '-CA', ca.certificate, '-CAkey', ca.key, '-CAcreateserial'],
      ...['-out', files.certificate, '-days', String(days), '-extfile', extensionFile],
    ])
    return files
  }

  return {
    ...ca,
    server: (subject, hosts, { days } = {}) =>
      sign(
        subject,
        [`subjectAltName=${hosts.map(alternativeName).join(',')}`, 'extendedKeyUsage=serverAuth'],
        days,
      ),
    client: (subject) => sign(subject, ['extendedKeyUsage=clientAuth']),
  }
}

function filesOf(directory: string, name: string): CertificateFiles {
  return { certificate: join(directory, `${name}.crt`), key: join(directory, `${name}.key`) }
}

const alternativeName = (host: string): string => (/^[\d.]+$|:/.test(host) ? `IP:${host}` : `DNS:${host}`)

/** Reads a pair of files as node:tls wants them. */
export async function readPair({
  certificate,
  key,
}: CertificateFiles): Promise<{ cert: Buffer; key: Buffer }> {
  return { cert: await readFile(certificate), key: await readFile(key) }
}
