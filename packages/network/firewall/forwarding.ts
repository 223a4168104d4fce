import { readdirSync } from 'node:fs'
import type { Link, Nftables, Rtnetlink } from '@gantry/syscall'
import { readSetting, writeSetting } from '../bridge/sysctl.ts'

/** Kinds of links that belong to containers and tunnels, and come and go: never part of the host's own wiring. */
const volatileKinds = new Set(['veth', 'tun', 'dummy', 'ifb'])

/**
 * Turns on IP forwarding, which bridge networks need, without making the host a router between its own networks when it
 * was none: what it did not forward before stays dropped, by a small table of its own that is left in place until the
 * next boot, like the setting.
 */
export class Forwarding {
  readonly #nftables: Nftables
  readonly #rtnetlink: Rtnetlink
  readonly #table: string

  constructor(nftables: Nftables, rtnetlink: Rtnetlink, table: string) {
    this.#nftables = nftables
    this.#rtnetlink = rtnetlink
    this.#table = `${table}-forwarding`
  }

  /** `ownBridges` are free to forward. Returns whether forwarding had been off. */
  enableIPv4(ownBridges: readonly string[]): boolean {
    if (readSetting('ipv4/ip_forward') === '1') return false
    this.#close('ipv4', ownBridges)
    writeSetting('ipv4/ip_forward', '1')
    return true
  }

  /** Also keeps the host's own addresses by router advertisement, which forwarding would silence. */
  enableIPv6(ownBridges: readonly string[]): boolean {
    if (readSetting('ipv6/conf/all/forwarding') === '1') return false
    this.#close('ipv6', ownBridges)
    for (const name of readdirSync('/proc/sys/net/ipv6/conf')) {
      if (name === 'all' || ownBridges.includes(name)) continue
      if (readSetting(`ipv6/conf/${name}/accept_ra`) === '1') writeSetting(`ipv6/conf/${name}/accept_ra`, '2')
    }
    writeSetting('ipv6/conf/all/forwarding', '1')
    return true
  }

  #close(family: 'ipv4' | 'ipv6', ownBridges: readonly string[]): void {
    const links = this.#rtnetlink.links().filter((link) => isOfTheHost(link, ownBridges))
    const chain = `inet ${this.#table} ${family}`
    const commands = [
      `table inet ${this.#table}`,
      `add chain ${chain} { type filter hook forward priority filter; policy accept; }`,
      `flush chain ${chain}`,
    ]
    // Frames that stay within one bridge are seen here too where br_netfilter is on.
    for (const link of links.filter(({ kind }) => kind === 'bridge'))
      commands.push(`add rule ${chain} iifname "${link.name}" oifname "${link.name}" accept`)
    if (links.length > 0) {
      const names = `{ ${links.map((link) => `"${link.name}"`).join(', ')} }`
      commands.push(`add rule ${chain} meta nfproto ${family} iifname ${names} oifname ${names} drop`)
    }
    this.#nftables.run(commands.join('\n'))
  }
}

function isOfTheHost(link: Link, ownBridges: readonly string[]): boolean {
  return (
    link.name !== 'lo' &&
    link.master === 0 &&
    !volatileKinds.has(link.kind) &&
    !ownBridges.includes(link.name)
  )
}
