import { encodeAttributes, text } from './attributes.ts'
import {
  changeLink,
  changePort,
  decodeLink,
  type Link,
  type LinkSettings,
  linkHeader,
  newLink,
  newVeth,
} from './links.ts'
import {
  addressMessage,
  addressQuery,
  decodeAddress,
  decodeRoute,
  type InterfaceAddress,
  type Route,
  routeMessage,
  routeQuery,
} from './routes.ts'
import { NetlinkSocket } from './socket.ts'

const RTM_NEWLINK = 16
const RTM_DELLINK = 17
const RTM_GETLINK = 18
const RTM_SETLINK = 19
const RTM_NEWADDR = 20
const RTM_DELADDR = 21
const RTM_GETADDR = 22
const RTM_NEWROUTE = 24
const RTM_DELROUTE = 25
const RTM_GETROUTE = 26
const NLM_F_REPLACE = 0x100
const NLM_F_EXCL = 0x200
const NLM_F_CREATE = 0x400
const IFLA_IFNAME = 3

/**
 * Links, addresses and routes of the network namespace in which it was made. Every method is one or two synchronous
 * system calls of some tens of microseconds, and throws SystemCallError with the kernel's errno name (`EEXIST`, `ENODEV`, …).
 */
export class Rtnetlink implements Disposable {
  readonly #socket: NetlinkSocket

  constructor() {
    this.#socket = new NetlinkSocket()
  }

  addBridge(name: string, settings: LinkSettings = {}): void {
    this.#create(`add bridge ${name}`, RTM_NEWLINK, newLink('bridge', { ...settings, name }))
  }

  /** Makes a pair, its peer directly in the namespace of the descriptor `peer.netns`. */
  addVeth(name: string, settings: LinkSettings, peer: LinkSettings & { netns: number }): void {
    this.#create(`add veth ${name}`, RTM_NEWLINK, newVeth({ ...settings, name }, peer))
  }

  /** Changes name, MTU, address, master or the up flag of a link. */
  setLink(index: number, settings: LinkSettings): void {
    this.#socket.request(`set link ${index}`, RTM_NEWLINK, 0, changeLink(index, settings))
  }

  /** An isolated port of a bridge exchanges frames with the host only, not with other isolated ports. */
  setPort(index: number, port: { isolated?: boolean; hairpin?: boolean }): void {
    this.#socket.request(`set port ${index}`, RTM_SETLINK, 0, changePort(index, port))
  }

  /** Deletes a link by name; of a pair, both ends. Takes some 20 ms, most of it waiting inside the kernel. */
  deleteLink(name: string): void {
    this.#socket.request(`delete link ${name}`, RTM_DELLINK, 0, nameOnly(name))
  }

  /** The same on another thread. */
  async deleteLinkInBackground(name: string): Promise<void> {
    using socket = new NetlinkSocket()
    await socket.requestInBackground(`delete link ${name}`, RTM_DELLINK, 0, nameOnly(name))
  }

  links(): Link[] {
    return this.#socket
      .dump('list links', RTM_GETLINK, linkHeader(0))
      .map((message) => decodeLink(message.payload))
  }

  addAddress(address: InterfaceAddress): void {
    this.#create(`add address ${address.address}/${address.prefix}`, RTM_NEWADDR, addressMessage(address))
  }

  deleteAddress(address: InterfaceAddress): void {
    const what = `delete address ${address.address}/${address.prefix}`
    this.#socket.request(what, RTM_DELADDR, 0, addressMessage(address))
  }

  addresses(): InterfaceAddress[] {
    return this.#socket
      .dump('list addresses', RTM_GETADDR, addressQuery())
      .map((message) => decodeAddress(message.payload))
      .filter((address) => address !== undefined)
  }

  addRoute(route: Route): void {
    this.#create(`add route ${route.destination}`, RTM_NEWROUTE, routeMessage(route))
  }

  /** Adds a route or puts it in the place of the one with the same destination. */
  replaceRoute(route: Route): void {
    const flags = NLM_F_CREATE | NLM_F_REPLACE
    this.#socket.request(`replace route ${route.destination}`, RTM_NEWROUTE, flags, routeMessage(route))
  }

  deleteRoute(route: Route): void {
    this.#socket.request(`delete route ${route.destination}`, RTM_DELROUTE, 0, routeMessage(route))
  }

  /** Unicast routes of the main table, both families. */
  routes(): Route[] {
    return this.#socket
      .dump('list routes', RTM_GETROUTE, routeQuery())
      .map((message) => decodeRoute(message.payload))
      .filter((route) => route !== undefined)
  }

  close(): void {
    this.#socket.close()
  }

  [Symbol.dispose](): void {
    this.close()
  }

  #create(what: string, type: number, payload: Buffer): void {
    this.#socket.request(what, type, NLM_F_CREATE | NLM_F_EXCL, payload)
  }
}

const nameOnly = (name: string): Buffer =>
  Buffer.concat([linkHeader(0), encodeAttributes([text(IFLA_IFNAME, name)])])
