import { type Address, type Cidr, contains, lastOf } from './cidr.ts'

/**
 * Who has which address of one subnet, in memory; the endpoints' records are what is kept. Gives the lowest free address,
 * so that a container that comes back after a while mostly finds its old one.
 */
export class SubnetAllocator {
  readonly subnet: Cidr
  readonly #range: Cidr
  readonly #taken = new Set<bigint>()
  /** No address of the range below this one is free. */
  #lowest: bigint

  /** `range` narrows what is given without being asked for; `reserved` is never given (gateway, auxiliary addresses). */
  constructor(subnet: Cidr, range: Cidr | undefined, reserved: Address[]) {
    this.subnet = subnet
    this.#range = range ?? subnet
    this.#lowest = this.#range.value
    for (const address of reserved) this.#taken.add(address.value)
    // The first address names the network (IPv4) or its routers (IPv6), the last IPv4 one is broadcast; RFC 3021 makes /31 an exception.
    if (subnet.bits - subnet.prefix < 2) return
    this.#taken.add(subnet.value)
    if (subnet.bits === 32) this.#taken.add(lastOf(subnet))
  }

  /** Takes the lowest free address of the range; undefined when there is none. */
  allocate(): Address | undefined {
    const last = lastOf(this.#range)
    for (let value = this.#lowest; value <= last; value++) {
      if (this.#taken.has(value)) continue
      this.#taken.add(value)
      this.#lowest = value + 1n
      return { value, bits: this.subnet.bits }
    }
    this.#lowest = last + 1n
    return undefined
  }

  /** Takes this address; false when somebody has it or it is not of the subnet. */
  take(address: Address): boolean {
    if (!contains(this.subnet, address) || this.#taken.has(address.value)) return false
    this.#taken.add(address.value)
    return true
  }

  release(address: Address): void {
    this.#taken.delete(address.value)
    if (contains(this.#range, address) && address.value < this.#lowest) this.#lowest = address.value
  }
}
