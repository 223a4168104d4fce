/** The Go structs of what `info`, `version` and `events` show. See declare.ts for the notation. */
import type { Declarations } from './declare.ts'

export const systemDeclarations: Declarations = {
  'swarm.Meta': `
    Version swarm.Version
    CreatedAt time.Time
    UpdatedAt time.Time
  `,
  'swarm.Version': `
    Index uint64 Index,omitempty
  `,
  'system.dockerInfo': `
    +Info *system.Info
    ServerErrors []string ServerErrors,omitempty
    UserName string -
    ClientInfo *system.clientInfo ClientInfo,omitempty
    ClientErrors []string ClientErrors,omitempty
  `,
  'system.Info': `
    ID string
    Containers int
    ContainersRunning int
    ContainersPaused int
    ContainersStopped int
    Images int
    Driver string
    DriverStatus [][2]string
    SystemStatus [][2]string SystemStatus,omitempty
    Plugins system.PluginsInfo
    MemoryLimit bool
    SwapLimit bool
    KernelMemory bool KernelMemory,omitempty
    KernelMemoryTCP bool KernelMemoryTCP,omitempty
    CPUCfsPeriod bool CpuCfsPeriod
    CPUCfsQuota bool CpuCfsQuota
    CPUShares bool
    CPUSet bool
    PidsLimit bool
    IPv4Forwarding bool
    Debug bool
    NFd int
    OomKillDisable bool
    NGoroutines int
    SystemTime string
    LoggingDriver string
    CgroupDriver string
    CgroupVersion string CgroupVersion,omitempty
    NEventsListener int
    KernelVersion string
    OperatingSystem string
    OSVersion string
    OSType string
    Architecture string
    IndexServerAddress string
    RegistryConfig *registry.ServiceConfig
    NCPU int
    MemTotal int64
    GenericResources []swarm.GenericResource
    DockerRootDir string
    HTTPProxy string HttpProxy
    HTTPSProxy string HttpsProxy
    NoProxy string
    Name string
    Labels []string
    ExperimentalBuild bool
    ServerVersion string
    Runtimes map[string]system.RuntimeWithStatus
    DefaultRuntime string
    Swarm swarm.Info
    LiveRestoreEnabled bool
    Isolation container.Isolation
    InitBinary string
    ContainerdCommit system.Commit
    RuncCommit system.Commit
    InitCommit system.Commit
    SecurityOptions []string
    ProductLicense string ProductLicense,omitempty
    DefaultAddressPools []system.NetworkAddressPool DefaultAddressPools,omitempty
    FirewallBackend *system.FirewallInfo FirewallBackend,omitempty
    CDISpecDirs []string
    DiscoveredDevices []system.DeviceInfo DiscoveredDevices,omitempty
    Containerd *system.ContainerdInfo Containerd,omitempty
    Warnings []string
  `,
  'system.PluginsInfo': `
    Volume []string
    Network []string
    Authorization []string
    Log []string
  `,
  'registry.ServiceConfig': `
    AllowNondistributableArtifactsCIDRs []any -
    AllowNondistributableArtifactsHostnames []string -
    InsecureRegistryCIDRs []any
    IndexConfigs map[string]*registry.IndexInfo
    Mirrors []string
    ExtraFields map[string]any -
  `,
  'registry.IndexInfo': `
    Name string
    Mirrors []string
    Secure bool
    Official bool
  `,
  'swarm.GenericResource': `
    NamedResourceSpec *swarm.NamedGenericResource NamedResourceSpec,omitempty
    DiscreteResourceSpec *swarm.DiscreteGenericResource DiscreteResourceSpec,omitempty
  `,
  'swarm.NamedGenericResource': `
    Kind string Kind,omitempty
    Value string Value,omitempty
  `,
  'swarm.DiscreteGenericResource': `
    Kind string Kind,omitempty
    Value int64 Value,omitempty
  `,
  'system.RuntimeWithStatus': `
    +Runtime system.Runtime
    Status map[string]string status,omitempty
  `,
  'system.Runtime': `
    Path string path,omitempty
    Args []string runtimeArgs,omitempty
    Type string runtimeType,omitempty
    Options map[string]any options,omitempty
  `,
  'swarm.Info': `
    NodeID string
    NodeAddr string
    LocalNodeState swarm.LocalNodeState
    ControlAvailable bool
    Error string
    RemoteManagers []swarm.Peer
    Nodes int Nodes,omitempty
    Managers int Managers,omitempty
    Cluster *swarm.ClusterInfo Cluster,omitempty
    Warnings []string Warnings,omitempty
  `,
  'swarm.Peer': `
    NodeID string
    Addr string
  `,
  'swarm.ClusterInfo': `
    ID string
    +Meta swarm.Meta
    Spec swarm.Spec
    TLSInfo swarm.TLSInfo
    RootRotationInProgress bool
    DefaultAddrPool []string
    SubnetSize uint32
    DataPathPort uint32
  `,
  'swarm.Spec': `
    +Annotations swarm.Annotations
    Orchestration swarm.OrchestrationConfig
    Raft swarm.RaftConfig
    Dispatcher swarm.DispatcherConfig
    CAConfig swarm.CAConfig
    TaskDefaults swarm.TaskDefaults
    EncryptionConfig swarm.EncryptionConfig
  `,
  'swarm.Annotations': `
    Name string Name,omitempty
    Labels map[string]string
  `,
  'swarm.OrchestrationConfig': `
    TaskHistoryRetentionLimit *int64 TaskHistoryRetentionLimit,omitempty
  `,
  'swarm.RaftConfig': `
    SnapshotInterval uint64 SnapshotInterval,omitempty
    KeepOldSnapshots *uint64 KeepOldSnapshots,omitempty
    LogEntriesForSlowFollowers uint64 LogEntriesForSlowFollowers,omitempty
    ElectionTick int
    HeartbeatTick int
  `,
  'swarm.DispatcherConfig': `
    HeartbeatPeriod time.Duration HeartbeatPeriod,omitempty
  `,
  'swarm.CAConfig': `
    NodeCertExpiry time.Duration NodeCertExpiry,omitempty
    ExternalCAs []*swarm.ExternalCA ExternalCAs,omitempty
    SigningCACert string SigningCACert,omitempty
    SigningCAKey string SigningCAKey,omitempty
    ForceRotate uint64 ForceRotate,omitempty
  `,
  'swarm.ExternalCA': `
    Protocol swarm.ExternalCAProtocol
    URL string
    Options map[string]string Options,omitempty
    CACert string
  `,
  'swarm.TaskDefaults': `
    LogDriver *swarm.Driver LogDriver,omitempty
  `,
  'swarm.Driver': `
    Name string Name,omitempty
    Options map[string]string Options,omitempty
  `,
  'swarm.EncryptionConfig': `
    AutoLockManagers bool
  `,
  'swarm.TLSInfo': `
    TrustRoot string TrustRoot,omitempty
    CertIssuerSubject []uint8 CertIssuerSubject,omitempty
    CertIssuerPublicKey []uint8 CertIssuerPublicKey,omitempty
  `,
  'system.Commit': `
    ID string
    Expected string Expected,omitempty
  `,
  'system.NetworkAddressPool': `
    Base string
    Size int
  `,
  'system.FirewallInfo': `
    Driver string
    Info [][2]string Info,omitempty
  `,
  'system.DeviceInfo': `
    Source string
    ID string
  `,
  'system.ContainerdInfo': `
    Address string Address,omitempty
    Namespaces system.ContainerdNamespaces
  `,
  'system.ContainerdNamespaces': `
    Containers string
    Plugins string
  `,
  'system.clientInfo': `
    Debug bool
    +clientVersion system.clientVersion
    Plugins []any
    Warnings []string
  `,
  'system.versionInfo': `
    Client system.clientVersion
    Server *types.Version
  `,
  'system.clientVersion': `
    Platform *system.platformInfo Platform,omitempty
    Version string
    APIVersion string ApiVersion,omitempty
    DefaultAPIVersion string DefaultAPIVersion,omitempty
    GitCommit string
    GoVersion string
    Os string
    Arch string
    BuildTime string
    Context string
  `,
  'types.Version': `
    Platform types.platformName Platform,omitempty
    Components []types.ComponentVersion Components,omitempty
    Version string
    APIVersion string ApiVersion
    MinAPIVersion string MinAPIVersion,omitempty
    GitCommit string
    GoVersion string
    Os string
    Arch string
    KernelVersion string KernelVersion,omitempty
    Experimental bool Experimental,omitempty
    BuildTime string BuildTime,omitempty
  `,
  'types.ComponentVersion': `
    Name string
    Version string
    Details map[string]string Details,omitempty
  `,
  'events.Message': `
    Status string status,omitempty
    ID string id,omitempty
    From string from,omitempty
    Type events.Type
    Action events.Action
    Actor events.Actor
    Scope string scope,omitempty
    Time int64 time,omitempty
    TimeNano int64 timeNano,omitempty
  `,
  'events.Actor': `
    ID string
    Attributes map[string]string
  `,
  'types.platformName': `
    Name string
  `,
  'system.platformInfo': `
    Name string Name,omitempty
  `,
}
