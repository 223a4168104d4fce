import { NetworkNamespaces, Nftables, Rtnetlink } from '@gantry/syscall'
import { Firewall } from './firewall/firewall.ts'
import { ForeignForwardChain } from './firewall/foreign-chain.ts'
import { Forwarding } from './firewall/forwarding.ts'

/** The handles through which everything of this package reaches the kernel, all of the host's network namespace. */
export interface Kernel {
  rtnetlink: Rtnetlink
  namespaces: NetworkNamespaces
  firewall: Firewall
  forwarding: Forwarding
  foreignChain: ForeignForwardChain
  close(): void
}

/** `table` is the nftables table of this daemon. Throws GantryError System when libnftables is not installed. */
export function openKernel(table: string): Kernel {
  const nftables = new Nftables()
  const rtnetlink = new Rtnetlink()
  const namespaces = new NetworkNamespaces()
  return {
    rtnetlink,
    namespaces,
    firewall: new Firewall(nftables, table),
    forwarding: new Forwarding(nftables, rtnetlink, table),
    foreignChain: new ForeignForwardChain(nftables, table),
    close() {
      nftables.close()
      rtnetlink.close()
      namespaces.close()
    },
  }
}
