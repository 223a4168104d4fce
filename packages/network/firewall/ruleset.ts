/**
 * The nftables table as text. Its rules never change while the daemon runs: a network or a published port is a few
 * elements in the sets and maps that the rules look into, added or deleted in one transaction.
 */

/** One element of a named set, or of a map when it has data. Keys and data are nft(8) expressions. */
export interface Element {
  set: string
  key: string
  data?: string
}

export interface Change {
  action: 'add' | 'delete'
  element: Element
}

/** Puts elements into their sets and maps. */
export const adding = (elements: readonly Element[]): Change[] =>
  elements.map((element) => ({ action: 'add', element }))

/** Takes elements out again: the way back of `adding` the same. */
export const deleting = (elements: readonly Element[]): Change[] =>
  elements.map((element) => ({ action: 'delete', element }))

/** Commands that make these changes, in one transaction. */
export function changeCommands(table: string, changes: readonly Change[]): string {
  return changes
    .map(({ action, element }) => {
      const data = action === 'add' && element.data !== undefined ? ` : ${element.data}` : ''
      return `${action} element inet ${table} ${element.set} { ${element.key}${data} }`
    })
    .join('\n')
}

/** Commands that put the whole table, with these elements, in the place of whatever had its name. One transaction. */
export function tableCommands(table: string, elements: readonly Element[]): string {
  return [
    `table inet ${table}`,
    `delete table inet ${table}`,
    `table inet ${table} {\n${sets}\n${rules}\n}`,
    changeCommands(table, adding(elements)),
  ].join('\n')
}

const sets = `
  # Bridges of ours; those whose containers must not leave them; those whose containers may talk to each other.
  set bridges { type ifname; }
  set internal { type ifname; }
  set neighbours { type ifname . ifname; }

  # Which addresses live behind which bridge, and which of them are hidden behind the host's own when they go out.
  set subnets4 { type ifname . ipv4_addr; flags interval; }
  set subnets6 { type ifname . ipv6_addr; flags interval; }
  set masquerade4 { type ipv4_addr; flags interval; }
  set masquerade6 { type ipv6_addr; flags interval; }

  # Published ports: on one address of the host, and on all of them.
  map published4 { type ipv4_addr . inet_proto . inet_service : ipv4_addr . inet_service; }
  map published6 { type ipv6_addr . inet_proto . inet_service : ipv6_addr . inet_service; }
  map published4_any { type inet_proto . inet_service : ipv4_addr . inet_service; }
  map published6_any { type inet_proto . inet_service : ipv6_addr . inet_service; }

  # Ports that links open between containers of one bridge.
  set linked4 { type ifname . ipv4_addr . ipv4_addr . inet_proto . inet_service; flags interval; }

  # Published ports that the forwarder serves from sockets of the host.
  set forwarded6 { type ipv6_addr . inet_proto . inet_service; }
  set forwarded6_any { type inet_proto . inet_service; }
`

const rules = `
  # Loopback addresses never come from or go to a wire, although bridges have route_localnet on (for published ports).
  chain guard {
    type filter hook prerouting priority raw; policy accept;
    iifname != "lo" ip daddr 127.0.0.0/8 drop
    iifname @bridges ip saddr 127.0.0.0/8 drop
  }

  # A port on one address is open to that address's own interface and to our containers, not to neighbours of another
  # interface that route to it. Addresses that belong to no wire (on lo) are open to all.
  chain prerouting {
    type nat hook prerouting priority dstnat; policy accept;
    iifname @internal return
    fib daddr type != local return
    iifname @bridges goto publish
    fib daddr . iif type local goto publish
    fib daddr oifname "lo" goto publish
    goto publish_any
  }
  chain output {
    type nat hook output priority -100; policy accept;
    # The kernel lets nothing with this source out of lo; without us the client gets a refusal, and tries 127.0.0.1.
    ip6 daddr ::1 return
    fib daddr type local goto publish
  }
  chain publish {
    dnat ip to ip daddr . meta l4proto . th dport map @published4
    dnat ip6 to ip6 daddr . meta l4proto . th dport map @published6
    goto publish_any
  }
  chain publish_any {
    dnat ip to meta l4proto . th dport map @published4_any
    dnat ip6 to meta l4proto . th dport map @published6_any
  }

  # The same for ports that the forwarder serves.
  chain input {
    type filter hook input priority filter; policy accept;
    meta nfproto ipv4 accept
    iifname @internal meta l4proto . th dport @forwarded6_any drop
    ip6 daddr . meta l4proto . th dport @forwarded6 goto forwarder
  }
  chain forwarder {
    iifname @internal drop
    iifname @bridges accept
    fib daddr . iif type local accept
    fib daddr oifname "lo" accept
    drop
  }

  chain postrouting {
    type nat hook postrouting priority srcnat; policy accept;
    # From the host's localhost, and from a container to a published port of its own network: the answer must come back here.
    oifname @bridges ip saddr 127.0.0.0/8 masquerade
    ct status dnat oifname . ip saddr @subnets4 masquerade
    ct status dnat oifname . ip6 saddr @subnets6 masquerade
    oifname @bridges return
    ip saddr @masquerade4 masquerade
    ip6 saddr @masquerade6 masquerade
  }

  chain forward {
    type filter hook forward priority filter; policy accept;
    oifname @bridges goto to_container
    iifname @internal drop
  }
  chain to_container {
    ct state established,related accept
    iifname . oifname @neighbours accept
    iifname . ip saddr . ip daddr . meta l4proto . th dport @linked4 accept
    iifname @internal drop
    oifname @internal drop
    ct status dnat accept
    drop
  }`
