/** Why no test uses a field: it belongs to what this product, this store or Linux does not have. */

interface Reason {
  /** Of `METHOD /path query|body|answer field`. */
  field: RegExp
  reason: string
}

const reasons: Reason[] = [
  {
    field: /\bos\.(version|features)|OsVersion|commit(peak)?bytes|privateworkingset|storage_stats|num_procs/,
    reason: 'Windows',
  },
  { field: /networks\.\*\.(endpoint|instance)_id/, reason: 'Windows' },
  {
    field: /Swarm\.|ClusterVolume|GenericResources|\bPeers\[\]|\bServices\.\*/,
    reason: 'clusters, which are not there yet',
  },
  { field: / \/plugins\//, reason: 'plugins, which are not there yet' },
  { field: /Plugins\.Authorization/, reason: 'plugins, which are not there yet' },
  { field: /\bIdentity\./, reason: 'not told: signatures and origins are not judged' },
  { field: /Containerd\.|Snapshot\./, reason: "containerd's, which is not used" },
  { field: /NRI\.|DiscoveredDevices|CDISpecDirs/, reason: 'not there: no NRI, no CDI' },
  { field: /ProductLicense/, reason: 'not told: the licence is not by product' },
  { field: /body .*DNSNames/, reason: 'told in answers only' },
  {
    field: /images\/json answer \[\]\.Descriptor\./,
    reason: 'told by inspect: a list would have to read each manifest',
  },
  {
    field: /images.* answer .*Descriptor\.platform/,
    reason: 'told of manifests in an index only',
  },
  {
    field: /Descriptor\.(urls\[\]|data|artifactType|annotations\.\*|platform\..*)$/,
    reason: 'told where a descriptor has it',
  },
  {
    field: /blkio_stats\.(io_(queue|service_time|wait_time|merged|time)|sectors)_recursive/,
    reason: 'of the CFQ scheduler, which kernels since 5.0 have not; read by unit tests',
  },
  { field: /[vV]ariant$/, reason: 'of ARM; read by unit tests' },
  { field: /failcnt/, reason: 'told once a limit was met; read by unit tests' },
  { field: /\/volumes.*UsageData/, reason: 'told by `GET /system/df`' },
  { field: /\/volumes.*Status\.\*/, reason: 'of volume plugins, which are not there yet' },
  { field: /GET \/volumes answer Warnings/, reason: 'of volume plugins, which are not there yet' },
  { field: /Runtimes\.\*\.(runtimeArgs|status)/, reason: 'told where a runtime has it' },
  { field: /FirewallBackend\.Info/, reason: "firewalld's, which is not used" },
  { field: /\/wait answer Error/, reason: 'told when a removal fails after the end' },
  { field: /BlkioWeightDevice/, reason: 'needs a scheduler with weights; refused or warned about otherwise' },
  { field: /StorageOpt/, reason: 'needs a file system with project quotas; see resources' },
]

/** Of a field as a row names it (`answer Swarm.Nodes`) of an endpoint (`GET /info`). */
export function reasonFor(endpoint: string, what: string): string | undefined {
  return reasons.find(({ field }) => field.test(`${endpoint} ${what}`))?.reason
}
