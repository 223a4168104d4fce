import { ipBytes, ipText } from '@gantry/syscall'

/** An address as a number, with the width of its family. */
export interface Address {
  readonly value: bigint
  readonly bits: 32 | 128
}

/** A block of addresses: its first one, and the bits that all of them share. */
export interface Cidr extends Address {
  readonly prefix: number
}

/** Throws TypeError for anything that is not an IPv4 or IPv6 address. */
export function parseAddress(text: string): Address {
  const bytes = ipBytes(text)
  return { value: BigInt(`0x${bytes.toString('hex')}`), bits: bytes.length === 4 ? 32 : 128 }
}

/** The address as people write it; IPv6 in its short form. */
export function formatAddress({ value, bits }: Address): string {
  return ipText(Buffer.from(value.toString(16).padStart(bits / 4, '0'), 'hex'))
}

/** Reads `10.0.0.0/24`; bits beyond the prefix stay in `value`, see `blockOf`. Throws TypeError. */
export function parseCidr(text: string): Cidr {
  const [, address, prefix] = /^([^/]+)\/(\d{1,3})$/.exec(text) ?? []
  if (address === undefined) throw new TypeError(`invalid CIDR address: ${text}`)
  const { value, bits } = parseAddress(address)
  if (Number(prefix) > bits) throw new TypeError(`invalid CIDR address: ${text}`)
  return { value, bits, prefix: Number(prefix) }
}

/** In the usual notation (RFC 4632; RFC 5952 for IPv6): `10.0.0.7/24`. */
export const formatCidr = (cidr: Cidr): string => `${formatAddress(cidr)}/${cidr.prefix}`

/** How many addresses the block has. */
export const sizeOf = (cidr: Cidr): bigint => 1n << BigInt(cidr.bits - cidr.prefix)

/** The block an address with a prefix lies in: `10.0.0.7/24` → `10.0.0.0/24`. */
export const blockOf = (cidr: Cidr): Cidr => ({ ...cidr, value: cidr.value & ~(sizeOf(cidr) - 1n) })

/**
 * The highest address of a block: with IPv4 its broadcast address. The value given must be the block's first address.
 */
export const lastOf = (cidr: Cidr): bigint => cidr.value + sizeOf(cidr) - 1n

/** Whether the address is of the block; never across families. */
export function contains(block: Cidr, address: Address): boolean {
  return address.bits === block.bits && address.value >= block.value && address.value <= lastOf(block)
}

/** Whether two blocks share an address. */
export function overlaps(a: Cidr, b: Cidr): boolean {
  return a.bits === b.bits && a.value <= lastOf(b) && b.value <= lastOf(a)
}
