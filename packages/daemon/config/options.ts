/** Every option of the daemon: one table for the flags, the keys of daemon.json and `--help`. */

/**
 * `pools`, `runtimes`, `pairs`, `lists` and `ulimits` are written differently in the two places: as flags
 * `base=10.0.0.0/8,size=24`, `name=/path`, `key=value`, several `key=value` and `name=soft:hard`, in the file as objects.
 */
export type OptionType =
  | 'string'
  | 'boolean'
  | 'integer'
  | 'list'
  | 'pools'
  | 'runtimes'
  | 'pairs'
  | 'policy'
  | 'lists'
  | 'ulimits'
  | 'builder'

export interface OptionSpec {
  /** The key in daemon.json. */
  key: string
  type: OptionType
  /** The flag, where it differs from the key. */
  flag?: string
  short?: string
  /** A second name of the flag. */
  alias?: string
  help: string
  /** What `--help` shows as the default. */
  default?: string
  /** A flag only: not known in daemon.json. */
  flagOnly?: boolean
  /** A key of daemon.json only. */
  fileOnly?: boolean
  /** Read again on SIGHUP. */
  live?: boolean
}

export const optionSpecs = [
  {
    key: 'runtimes',
    flag: 'add-runtime',
    type: 'runtimes',
    help: 'Register an additional OCI compatible runtime',
  },
  { key: 'bip', type: 'string', help: 'Specify network bridge IP' },
  {
    key: 'bridge',
    short: 'b',
    type: 'string',
    help: 'Attach containers to a network bridge, made when it is not there ("none": no bridge network)',
  },
  {
    key: 'builder',
    type: 'builder',
    help: 'What of the build cache is removed (gc: enabled, defaultKeepStorage, policy)',
    fileOnly: true,
  },
  { key: 'cgroup-parent', type: 'string', help: 'Set parent cgroup for all containers' },
  {
    key: 'config-file',
    type: 'string',
    help: 'Daemon configuration file',
    default: '/etc/gantry/daemon.json',
    flagOnly: true,
  },
  {
    key: 'data-root',
    type: 'string',
    help: 'Root directory of persistent state',
    default: '/var/lib/gantry',
  },
  {
    key: 'cpu-rt-period',
    type: 'integer',
    help: 'Limit the CPU real-time period in microseconds for the parent cgroup of all containers (cgroup v1)',
  },
  {
    key: 'cpu-rt-runtime',
    type: 'integer',
    help: 'Limit the CPU real-time runtime in microseconds for the parent cgroup of all containers (cgroup v1)',
  },
  { key: 'debug', short: 'D', type: 'boolean', help: 'Enable debug mode', live: true },
  {
    key: 'default-address-pools',
    flag: 'default-address-pool',
    type: 'pools',
    help: 'Default address pools for node specific local networks',
  },
  {
    key: 'default-cgroupns-mode',
    type: 'string',
    help: 'Default mode for containers cgroup namespace ("host" | "private")',
  },
  {
    key: 'default-ipc-mode',
    type: 'string',
    help: 'Default mode for containers ipc ("shareable" | "private")',
    default: 'private',
  },
  {
    key: 'default-runtime',
    type: 'string',
    help: 'Default OCI runtime for containers (default: the first of crun and runc that works here)',
    live: true,
  },
  {
    key: 'default-shm-size',
    type: 'string',
    help: 'Default shm size for containers',
    default: '64MiB',
  },
  {
    key: 'default-ulimits',
    flag: 'default-ulimit',
    type: 'ulimits',
    help: 'Default ulimits for containers',
  },
  { key: 'dns', type: 'list', help: 'DNS server to use' },
  { key: 'dns-opts', flag: 'dns-opt', alias: 'dns-option', type: 'list', help: 'DNS options to use' },
  { key: 'dns-search', type: 'list', help: 'DNS search domains to use' },
  { key: 'exec-opts', flag: 'exec-opt', type: 'list', help: 'Runtime execution options' },
  {
    key: 'exec-root',
    type: 'string',
    help: 'Root directory for execution state files',
    default: '/run/gantry',
  },
  { key: 'experimental', type: 'boolean', help: 'Enable experimental features' },
  { key: 'group', short: 'G', type: 'string', help: 'Group for the unix socket', default: 'docker' },
  { key: 'help', type: 'boolean', help: 'Print usage', flagOnly: true },
  {
    key: 'host-gateway-ips',
    flag: 'host-gateway-ip',
    type: 'list',
    help: 'Addresses that "host-gateway" in --add-host stands for (default: the container\'s gateway)',
  },
  { key: 'hosts', flag: 'host', short: 'H', type: 'list', help: 'Daemon socket(s) to connect to' },
  {
    key: 'http-proxy',
    type: 'string',
    help: 'HTTP proxy URL to use for outgoing traffic',
    live: true,
  },
  {
    key: 'https-proxy',
    type: 'string',
    help: 'HTTPS proxy URL to use for outgoing traffic',
    live: true,
  },
  { key: 'icc', type: 'boolean', help: 'Enable inter-container communication', default: 'true' },
  {
    key: 'image-gc',
    type: 'policy',
    help: 'When unused images and build cache are removed (keepBytes, unusedFor, keepTagged)',
    fileOnly: true,
    live: true,
  },
  {
    key: 'init',
    type: 'boolean',
    help: 'Run an init in the container to forward signals and reap processes',
  },
  { key: 'init-path', type: 'string', help: 'Path to the init binary' },
  {
    key: 'insecure-registries',
    flag: 'insecure-registry',
    type: 'list',
    help: 'Enable insecure registry communication',
    live: true,
  },
  { key: 'ip', type: 'string', help: 'Default IP when binding container ports', default: '0.0.0.0' },
  { key: 'ipv6', type: 'boolean', help: 'Enable IPv6 networking' },
  { key: 'labels', flag: 'label', type: 'list', help: 'Set key=value labels to the daemon', live: true },
  { key: 'log-driver', type: 'string', help: 'Default driver for container logs', default: 'json-file' },
  { key: 'log-format', type: 'string', help: 'Set the logging format ("text"|"json")', default: 'text' },
  {
    key: 'log-level',
    short: 'l',
    type: 'string',
    help: 'Set the logging level ("debug"|"info"|"warn"|"error")',
    default: 'info',
    live: true,
  },
  { key: 'log-opts', flag: 'log-opt', type: 'pairs', help: 'Default log driver options for containers' },
  {
    key: 'max-build-context',
    type: 'string',
    help: 'Largest build context that is taken, unpacked (0: no limit)',
    default: '8GiB',
  },
  {
    key: 'max-concurrent-downloads',
    type: 'integer',
    help: 'Set the max concurrent downloads',
    default: '3',
    live: true,
  },
  {
    key: 'max-concurrent-uploads',
    type: 'integer',
    help: 'Set the max concurrent uploads',
    default: '5',
    live: true,
  },
  {
    key: 'max-download-attempts',
    type: 'integer',
    help: 'Set the max download attempts for each pull',
    default: '5',
    live: true,
  },
  {
    key: 'mirrors',
    flag: 'mirror',
    type: 'lists',
    help: 'Mirror of any registry, as registry=URL: pulls ask it first',
    live: true,
  },
  { key: 'mtu', type: 'integer', help: 'Set the containers network MTU', default: '1500' },
  { key: 'no-new-privileges', type: 'boolean', help: 'Set no-new-privileges by default for new containers' },
  { key: 'oom-score-adjust', type: 'integer', help: 'Set the oom_score_adj for the daemon' },
  {
    key: 'no-proxy',
    type: 'string',
    help: 'Comma-separated list of hosts or IP addresses for which the proxy is skipped',
    live: true,
  },
  {
    key: 'pidfile',
    short: 'p',
    type: 'string',
    help: 'Path to use for daemon PID file',
    default: '<exec-root>/gantryd.pid',
  },
  {
    key: 'proxies',
    type: 'pairs',
    help: 'http-proxy, https-proxy and no-proxy, as dockerd has them in its file',
    fileOnly: true,
    live: true,
  },
  {
    key: 'referrers',
    type: 'boolean',
    help: 'Pull and push along what names an image as its subject, such as signatures',
    default: 'true',
    live: true,
  },
  {
    key: 'registry-mirrors',
    flag: 'registry-mirror',
    type: 'list',
    help: 'Preferred registry mirror',
    live: true,
  },
  {
    key: 'seccomp-profile',
    type: 'string',
    help: 'Path to seccomp profile. Set to "unconfined" to disable the default seccomp profile',
    default: 'builtin',
  },
  {
    key: 'registry-token-servers',
    flag: 'registry-token-server',
    type: 'lists',
    help: 'Host of another domain that may be given the credentials of a registry, as registry=host',
    live: true,
  },
  { key: 'selinux-enabled', type: 'boolean', help: 'Label containers, where the host has SELinux' },
  {
    key: 'shutdown-timeout',
    type: 'integer',
    help: 'Seconds that requests in flight have to end at a stop',
    default: '15',
    live: true,
  },
  { key: 'storage-opts', flag: 'storage-opt', type: 'list', help: 'Storage options (overlay2.size)' },
  {
    key: 'tls',
    type: 'boolean',
    help: 'Use TLS; implied by --tlsverify. --tls=false allows plain TCP: whoever can connect is root',
  },
  { key: 'tlscacert', type: 'string', help: 'Trust certs signed only by this CA' },
  { key: 'tlscert', type: 'string', help: 'Path to TLS certificate file' },
  { key: 'tlskey', type: 'string', help: 'Path to TLS key file' },
  { key: 'tlsverify', type: 'boolean', help: 'Use TLS and verify the remote' },
  {
    key: 'userland-proxy',
    type: 'boolean',
    help: 'Serve published ports on IPv6 addresses for containers that have none',
    default: 'true',
  },
  { key: 'userns-remap', type: 'string', help: 'User/Group setting for user namespaces' },
  { key: 'validate', type: 'boolean', help: 'Validate daemon configuration and exit', flagOnly: true },
  { key: 'version', short: 'v', type: 'boolean', help: 'Print version information and quit', flagOnly: true },
] as const satisfies readonly OptionSpec[]
