/** Keys of dockerd's daemon.json that Gantry knows of but does not act on. */

/** Safe to pass over; the log says so. */
export const ignoredKeys = new Set([
  'allow-direct-routing',
  'api-cors-header',
  'bridge-accept-fwmark',
  'cdi-spec-dirs',
  'containerd',
  'containerd-namespace',
  'containerd-plugin-namespace',
  'default-gateway',
  'default-gateway-v6',
  'default-network-opts',
  'features',
  'firewall-backend',
  'fixed-cidr',
  'fixed-cidr-v6',
  'host-gateway-ip',
  'ip-forward',
  'ip-masq',
  'ip6tables',
  'iptables',
  'live-restore',
  'metrics-addr',
  'network-control-plane-mtu',
  'node-generic-resources',
  'raw-logs',
  'storage-driver',
  'swarm-default-advertise-addr',
  'userland-proxy-path',
])

/** Somebody relies on these for their safety: starting without them would betray that. */
export const refusedKeys = new Set(['authorization-plugins'])
