/** Which authorities a host is trusted by, and which certificates it is shown. */
import { setImmediate as nextTurn } from 'node:timers/promises'
import { createSecureContext, type SecureContext, type SecureContextOptions } from 'node:tls'
import {
  pemCertificate,
  type RegistryCertificates,
  readCertificates,
  systemAuthorities,
} from './certificates.ts'
import type { RegistryConfig } from './contracts.ts'
import { RegistryError } from './errors.ts'

/** What connections to a host are secured with. */
export interface HostContext {
  /** Tells it from others. */
  id: number
  context: SecureContext
  /** The host has a folder with authorities: its certificate is verified whoever it is. */
  ownAuthorities: boolean
}

const noCertificates: RegistryCertificates = { authorities: [], client: [], unreadable: [] }

/** The contexts of all hosts. Folders are read each time, contexts made anew only when what is in them has changed. */
export class HostContexts {
  readonly #directories: RegistryConfig['certificateDirectories']
  readonly #log: (message: string) => void
  readonly #contexts = new Map<string, Promise<HostContext>>()
  #contextCount = 0

  constructor(directories: RegistryConfig['certificateDirectories'], log: (message: string) => void) {
    this.#directories = directories
    this.#log = log
  }

  /** Rejects with RegistryError `tls` for certificates that cannot be used. */
  async of(host: string): Promise<HostContext> {
    const own = await readCertificates(this.#directories, host)
    // Reading all of a machine's authorities takes tens of milliseconds: hosts without their own share them.
    const key = own ? JSON.stringify([host, own]) : ''
    const known = this.#contexts.get(key)
    if (known) return known
    for (const path of own?.unreadable ?? [])
      this.#log(`${path} is passed over: it has no certificate in the PEM format`)
    const made = secureContext(own ?? noCertificates, host, ++this.#contextCount)
    // A folder that was wrong may have been put right.
    made.catch(() => this.#contexts.delete(key))
    this.#contexts.set(key, made)
    return made
  }
}

async function secureContext(own: RegistryCertificates, host: string, id: number): Promise<HostContext> {
  const authorities = [...(await systemAuthorities()), ...own.authorities]
  try {
    const context = await trustingContext(authorities, {
      ...(own.client.length > 0 && {
        cert: own.client.map(({ cert }) => cert),
        key: own.client.map(({ key }) => key),
      }),
    })
    return { id, context, ownAuthorities: own.authorities.length > 0 }
  } catch (cause) {
    throw new RegistryError('tls', `certificates for ${host} cannot be used: ${reasonOf(cause as Error)}`, {
      cause,
    })
  }
}

/** What OpenSSL finds wrong with a client certificate, as Go says it. */
const reasons: Record<string, string> = {
  ERR_OSSL_X509_KEY_VALUES_MISMATCH: 'tls: private key does not match public key',
  ERR_OSSL_PEM_NO_START_LINE: 'tls: failed to find any PEM data in certificate input',
  ERR_OSSL_UNSUPPORTED: 'tls: failed to parse private key',
}

const reasonOf = ({ code, message }: NodeJS.ErrnoException): string => reasons[code ?? ''] ?? message

/** How many certificates are read at a time: some milliseconds' work. */
const batch = 16

/**
 * What `createSecureContext` makes of its option `ca`, a few certificates at a time: a machine's whole bundle would hold up
 * the event loop. Node.js has the call for that but does not document it; without it, all are read at once.
 */
async function trustingContext(
  bundles: readonly string[],
  options: SecureContextOptions,
): Promise<SecureContext> {
  const context = createSecureContext({ ...options, ca: [] })
  if (!takesAuthorities(context.context)) return createSecureContext({ ...options, ca: [...bundles] })
  const certificates = bundles.flatMap((text) => text.match(pemCertificate) ?? [text])
  for (const [index, certificate] of certificates.entries()) {
    if (index % batch === batch - 1) await nextTurn()
    context.context.addCACert(certificate)
  }
  return context
}

/** Whether this Node.js lets authorities be added to a context that is there. */
export function takesAuthorities(native: unknown): native is { addCACert(certificate: string): void } {
  return typeof (native as { addCACert?: unknown } | null)?.addCACert === 'function'
}
