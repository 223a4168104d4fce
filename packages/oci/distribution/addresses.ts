/** Address ranges: which registries count as insecure, which hosts need no proxy, and what is not the internet. */
import { BlockList, isIP } from 'node:net'

/** Private, loopback, link-local, shared and reserved ranges: what a public registry has no business to point at. */
const privateRanges = blockList([
  '0.0.0.0/8',
  '10.0.0.0/8',
  '100.64.0.0/10',
  '127.0.0.0/8',
  '169.254.0.0/16',
  '172.16.0.0/12',
  '192.0.0.0/24',
  '192.168.0.0/16',
  '198.18.0.0/15',
  '224.0.0.0/4',
  '240.0.0.0/4',
  '::/128',
  '::1/128',
  '64:ff9b:1::/48',
  'fc00::/7',
  'fe80::/10',
  'ff00::/8',
])

const linkLocal = blockList(['169.254.0.0/16', 'fe80::/10'])

/** Whether an IP address is not one of the public internet. IPv4 addresses inside IPv6 ones count as what they are. */
export function isPrivate(address: string): boolean {
  return isIn(privateRanges, address)
}

/** Whether only this host's own network can have the address: where clouds keep machines' secrets. */
export function isLinkLocal(address: string): boolean {
  return isIn(linkLocal, address)
}

function isIn(list: BlockList, address: string): boolean {
  const bare = address.replace(/^\[|\]$/g, '')
  const family = isIP(bare)
  return family !== 0 && list.check(bare, family === 4 ? 'ipv4' : 'ipv6')
}

/** Whether `host` is `localhost` or an address of this machine's loopback. */
export function isLoopback(host: string): boolean {
  const bare = host.replace(/^\[|\]$/g, '').toLowerCase()
  return bare === 'localhost' || (isIP(bare) === 4 && bare.startsWith('127.')) || bare === '::1'
}

/** A list of `address/prefix` and single addresses; what is neither is passed over. */
export function blockList(ranges: readonly string[]): BlockList {
  const list = new BlockList()
  for (const range of ranges) {
    const [address = '', prefix] = range.split('/')
    const version = isIP(address)
    const bits = version === 4 ? 32 : 128
    const length = prefix === undefined ? bits : Number(prefix)
    if (version === 0 || !/^\d{1,3}$/.test(prefix ?? '0') || length > bits) continue
    list.addSubnet(address, length, version === 4 ? 'ipv4' : 'ipv6')
  }
  return list
}

/** Whether an address is in one of the ranges. */
export function inRanges(list: BlockList, address: string): boolean {
  return isIn(list, address)
}
