/** Address and route messages of rtnetlink(7): struct ifaddrmsg, struct rtmsg and their attributes. */
import { type Attribute, bytes, decodeAttributes, encodeAttributes, u32 } from './attributes.ts'
import { ipBytes, ipText } from './ip.ts'

const AF_INET = 2
const AF_INET6 = 10
const IFA_ADDRESS = 1
const IFA_LOCAL = 2
const IFA_BROADCAST = 4
const IFA_F_NODAD = 0x02
const RTA_DST = 1
const RTA_OIF = 4
const RTA_GATEWAY = 5
const RTA_TABLE = 15
const RT_TABLE_MAIN = 254
const RTPROT_BOOT = 3
const RT_SCOPE_UNIVERSE = 0
const RT_SCOPE_LINK = 253
const RTN_UNICAST = 1

/** An address of an interface. */
export interface InterfaceAddress {
  /** Interface index. */
  index: number
  address: string
  /** Bits of the prefix. */
  prefix: number
}

/** A unicast route of the main table. */
export interface Route {
  /** `0.0.0.0/0` and `::/0` are the default routes. */
  destination: string
  gateway?: string
  /** Interface index. */
  index?: number
}

const familyOf = (address: Uint8Array): number => (address.length === 4 ? AF_INET : AF_INET6)

/** Payload of RTM_NEWADDR and RTM_DELADDR. IPv6 addresses skip duplicate detection: they work at once. */
export function addressMessage(address: InterfaceAddress): Buffer {
  const local = ipBytes(address.address)
  const header = Buffer.alloc(8)
  header.writeUInt8(familyOf(local), 0)
  header.writeUInt8(address.prefix, 1)
  header.writeUInt8(local.length === 4 ? 0 : IFA_F_NODAD, 2)
  header.writeUInt32LE(address.index, 4)
  const attributes = [bytes(IFA_LOCAL, local), bytes(IFA_ADDRESS, local)]
  if (local.length === 4 && address.prefix < 31)
    attributes.push(bytes(IFA_BROADCAST, broadcast(local, address.prefix)))
  return Buffer.concat([header, encodeAttributes(attributes)])
}

function broadcast(address: Buffer, prefix: number): Buffer {
  const buffer = Buffer.alloc(4)
  buffer.writeUInt32BE((address.readUInt32BE() | (0xffffffff >>> prefix)) >>> 0)
  return buffer
}

/** Payload of RTM_GETADDR. */
export const addressQuery = (): Buffer => Buffer.alloc(8)

/** An address of the kernel's list. */
export function decodeAddress(payload: Buffer): InterfaceAddress | undefined {
  const attributes = decodeAttributes(payload.subarray(8))
  const address = attributes.get(IFA_LOCAL) ?? attributes.get(IFA_ADDRESS)
  if (!address) return undefined
  return { index: payload.readUInt32LE(4), address: ipText(address), prefix: payload.readUInt8(1) }
}

/** Payload of RTM_NEWROUTE and RTM_DELROUTE. */
export function routeMessage(route: Route): Buffer {
  const [base = '', prefix = ''] = route.destination.split('/')
  const destination = ipBytes(base)
  const header = Buffer.alloc(12)
  header.writeUInt8(familyOf(destination), 0)
  header.writeUInt8(Number(prefix), 1)
  header.writeUInt8(RT_TABLE_MAIN, 4)
  header.writeUInt8(RTPROT_BOOT, 5)
  header.writeUInt8(route.gateway === undefined ? RT_SCOPE_LINK : RT_SCOPE_UNIVERSE, 6)
  header.writeUInt8(RTN_UNICAST, 7)
  const attributes: Attribute[] = []
  if (Number(prefix) > 0) attributes.push(bytes(RTA_DST, destination))
  if (route.gateway !== undefined) attributes.push(bytes(RTA_GATEWAY, ipBytes(route.gateway)))
  if (route.index !== undefined) attributes.push(u32(RTA_OIF, route.index))
  return Buffer.concat([header, encodeAttributes(attributes)])
}

/** Payload of RTM_GETROUTE. */
export const routeQuery = (): Buffer => Buffer.alloc(12)

/** Undefined for a route that is not a unicast one of the main table. */
export function decodeRoute(payload: Buffer): Route | undefined {
  const attributes = decodeAttributes(payload.subarray(12))
  const table = attributes.get(RTA_TABLE)?.readUInt32LE() ?? payload.readUInt8(4)
  if (payload.readUInt8(7) !== RTN_UNICAST || table !== RT_TABLE_MAIN) return undefined
  const base = attributes.get(RTA_DST) ?? Buffer.alloc(payload.readUInt8(0) === AF_INET ? 4 : 16)
  const gateway = attributes.get(RTA_GATEWAY)
  return {
    destination: `${ipText(base)}/${payload.readUInt8(1)}`,
    gateway: gateway && ipText(gateway),
    index: attributes.get(RTA_OIF)?.readUInt32LE(),
  }
}
