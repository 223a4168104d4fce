/** Link messages of rtnetlink(7): struct ifinfomsg and its IFLA attributes. */
import {
  type Attribute,
  bytes,
  decodeAttributes,
  encodeAttributes,
  nest,
  text,
  textOf,
  u8,
  u32,
} from './attributes.ts'

const IFLA_ADDRESS = 1
const IFLA_IFNAME = 3
const IFLA_MTU = 4
const IFLA_MASTER = 10
const IFLA_LINKINFO = 18
const IFLA_NET_NS_FD = 28
const IFLA_NUM_TX_QUEUES = 31
const IFLA_NUM_RX_QUEUES = 32
const IFLA_INFO_KIND = 1
const IFLA_INFO_DATA = 2
const IFLA_PROTINFO = 12
const VETH_INFO_PEER = 1
const IFLA_BRPORT_MODE = 4
const IFLA_BRPORT_ISOLATED = 33
const AF_BRIDGE = 7
const IFF_UP = 0x1

/** What may be chosen when a link is made or changed. */
export interface LinkSettings {
  name?: string
  mtu?: number
  /** `02:42:ac:11:00:02` */
  address?: string
  /** Interface index of the bridge to belong to; 0 leaves it. */
  master?: number
  up?: boolean
}

export interface Link {
  index: number
  name: string
  up: boolean
  mtu: number
  address: string
  master: number
  /** `bridge`, `veth`, … or empty. */
  kind: string
}

/** struct ifinfomsg: family, index, and the IFF_UP flag when it is to change. */
export function linkHeader(index: number, up?: boolean, family = 0): Buffer {
  const header = Buffer.alloc(16)
  header.writeUInt8(family, 0)
  header.writeInt32LE(index, 4)
  header.writeUInt32LE(up ? IFF_UP : 0, 8)
  header.writeUInt32LE(up === undefined ? 0 : IFF_UP, 12)
  return header
}

function settingAttributes(settings: LinkSettings): Attribute[] {
  const attributes: Attribute[] = []
  if (settings.name !== undefined) attributes.push(text(IFLA_IFNAME, settings.name))
  if (settings.mtu !== undefined) attributes.push(u32(IFLA_MTU, settings.mtu))
  if (settings.address !== undefined) attributes.push(bytes(IFLA_ADDRESS, macBytes(settings.address)))
  if (settings.master !== undefined) attributes.push(u32(IFLA_MASTER, settings.master))
  return attributes
}

/** Payload of RTM_NEWLINK that makes a link of this kind. */
export function newLink(
  kind: string,
  settings: LinkSettings,
  data: readonly Attribute[] = [],
  more: readonly Attribute[] = [],
): Buffer {
  const info = [text(IFLA_INFO_KIND, kind)]
  if (data.length > 0) info.push(nest(IFLA_INFO_DATA, data))
  return Buffer.concat([
    linkHeader(0, settings.up),
    encodeAttributes([...settingAttributes(settings), ...more, nest(IFLA_LINKINFO, info)]),
  ])
}

/** The kernel's default is a pair of queues, each with its objects in sysfs, for every processor. */
const oneQueue = [u32(IFLA_NUM_TX_QUEUES, 1), u32(IFLA_NUM_RX_QUEUES, 1)]

/** A pair whose other end is born in the network namespace behind the descriptor. */
export function newVeth(settings: LinkSettings, peer: LinkSettings & { netns: number }): Buffer {
  const other = Buffer.concat([
    linkHeader(0, peer.up),
    encodeAttributes([...settingAttributes(peer), ...oneQueue, u32(IFLA_NET_NS_FD, peer.netns)]),
  ])
  return newLink('veth', settings, [bytes(VETH_INFO_PEER, other)], oneQueue)
}

/** Payload of RTM_NEWLINK that changes the link with this index. */
export function changeLink(index: number, settings: LinkSettings): Buffer {
  return Buffer.concat([linkHeader(index, settings.up), encodeAttributes(settingAttributes(settings))])
}

/** Payload of RTM_SETLINK that changes how a bridge treats one of its ports. */
export function changePort(index: number, port: { isolated?: boolean; hairpin?: boolean }): Buffer {
  const attributes: Attribute[] = []
  if (port.hairpin !== undefined) attributes.push(u8(IFLA_BRPORT_MODE, Number(port.hairpin)))
  if (port.isolated !== undefined) attributes.push(u8(IFLA_BRPORT_ISOLATED, Number(port.isolated)))
  return Buffer.concat([
    linkHeader(index, undefined, AF_BRIDGE),
    encodeAttributes([nest(IFLA_PROTINFO, attributes)]),
  ])
}

/** A link of the kernel's list. */
export function decodeLink(payload: Buffer): Link {
  const attributes = decodeAttributes(payload.subarray(16))
  const info = decodeAttributes(attributes.get(IFLA_LINKINFO) ?? Buffer.alloc(0))
  return {
    index: payload.readInt32LE(4),
    name: textOf(attributes.get(IFLA_IFNAME) ?? Buffer.alloc(0)),
    up: (payload.readUInt32LE(8) & IFF_UP) !== 0,
    mtu: attributes.get(IFLA_MTU)?.readUInt32LE() ?? 0,
    address: macText(attributes.get(IFLA_ADDRESS) ?? Buffer.alloc(0)),
    master: attributes.get(IFLA_MASTER)?.readUInt32LE() ?? 0,
    kind: textOf(info.get(IFLA_INFO_KIND) ?? Buffer.alloc(0)),
  }
}

/** Throws TypeError unless the text is six pairs of hexadecimal digits. */
export function macBytes(address: string): Buffer {
  if (!/^[0-9a-f]{2}([:-][0-9a-f]{2}){5}$/i.test(address))
    throw new TypeError(`not a MAC address: ${address}`)
  return Buffer.from(address.replaceAll(/[:-]/g, ''), 'hex')
}

/** `02:42:ac:11:00:02` */
export function macText(address: Uint8Array): string {
  return Array.from(address, (byte) => byte.toString(16).padStart(2, '0')).join(':')
}
