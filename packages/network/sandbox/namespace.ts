import { closeSync } from 'node:fs'
import { GantryError } from '@gantry/errors'
import { interfaceIndex, type NetworkNamespaces, Rtnetlink } from '@gantry/syscall'
import { writeSetting } from '../bridge/sysctl.ts'

const loopback = 1

/** A container's network namespace while we work on it. Closing it leaves the namespace as it is. */
export class ContainerNamespace implements Disposable {
  readonly #namespaces: NetworkNamespaces
  readonly fd: number
  /** Acts inside the namespace. */
  readonly rtnetlink: Rtnetlink

  constructor(namespaces: NetworkNamespaces, path: string) {
    this.#namespaces = namespaces
    this.fd = namespaces.open(path)
    try {
      this.rtnetlink = this.enter(() => new Rtnetlink())
    } catch (error) {
      closeSync(this.fd)
      throw error
    }
  }

  /** Runs a synchronous call inside. */
  enter<T>(work: () => T): T {
    return this.#namespaces.enter(this.fd, work)
  }

  /** Loopback up, and the container's own `net.*` settings. */
  prepare(sysctls: Record<string, string>): void {
    this.rtnetlink.setLink(loopback, { up: true })
    const settings = Object.entries(sysctls).filter(([name]) => name.startsWith('net.'))
    if (settings.length === 0) return
    this.enter(() => {
      for (const [name, value] of settings) writeSetting(settingPath(name), value)
    })
  }

  /** Takes all addresses but loopback's away: whatever is still inside is off its networks at once. */
  silence(): void {
    for (const address of this.rtnetlink.addresses())
      if (address.index !== loopback) this.rtnetlink.deleteAddress(address)
  }

  indexOf(name: string): number | undefined {
    return this.enter(() => interfaceIndex(name))
  }

  [Symbol.dispose](): void {
    this.rtnetlink.close()
    closeSync(this.fd)
  }
}

/** `net.ipv4.conf.eth0/100.forwarding` → `ipv4/conf/eth0.100/forwarding`: dots and slashes change places (sysctl(8)). */
function settingPath(name: string): string {
  const path = name.slice('net.'.length).replaceAll(/[./]/g, (separator) => (separator === '.' ? '/' : '.'))
  if (path.split('/').includes('..')) throw new GantryError('InvalidParameter', `invalid sysctl: ${name}`)
  return path
}
