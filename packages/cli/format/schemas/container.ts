/** The Go structs of what `container inspect` answers. See declare.ts for the notation. */
import type { Declarations } from './declare.ts'

export const containerDeclarations: Declarations = {
  'container.InspectResponse': `
    +ContainerJSONBase *container.ContainerJSONBase
    Mounts []container.MountPoint
    Config *container.Config
    NetworkSettings *container.NetworkSettings
    ImageManifestDescriptor *v1.Descriptor ImageManifestDescriptor,omitempty
  `,
  'container.ContainerJSONBase': `
    ID string Id
    Created string
    Path string
    Args []string
    State *container.State
    Image string
    ResolvConfPath string
    HostnamePath string
    HostsPath string
    LogPath string
    Name string
    RestartCount int
    Driver string
    Platform string
    MountLabel string
    ProcessLabel string
    AppArmorProfile string
    ExecIDs []string
    HostConfig *container.HostConfig
    GraphDriver storage.DriverData
    SizeRw *int64 SizeRw,omitempty
    SizeRootFs *int64 SizeRootFs,omitempty
  `,
  'container.State': `
    Status string
    Running bool
    Paused bool
    Restarting bool
    OOMKilled bool
    Dead bool
    Pid int
    ExitCode int
    Error string
    StartedAt string
    FinishedAt string
    Health *container.Health Health,omitempty
  `,
  'container.Health': `
    Status string
    FailingStreak int
    Log []*container.HealthcheckResult
  `,
  'container.HealthcheckResult': `
    Start time.Time
    End time.Time
    ExitCode int
    Output string
  `,
  'container.HostConfig': `
    Binds []string
    ContainerIDFile string
    LogConfig container.LogConfig
    NetworkMode container.NetworkMode
    PortBindings nat.PortMap
    RestartPolicy container.RestartPolicy
    AutoRemove bool
    VolumeDriver string
    VolumesFrom []string
    ConsoleSize [2]uint
    Annotations map[string]string Annotations,omitempty
    CapAdd strslice.StrSlice
    CapDrop strslice.StrSlice
    CgroupnsMode container.CgroupnsMode
    DNS []string Dns
    DNSOptions []string DnsOptions
    DNSSearch []string DnsSearch
    ExtraHosts []string
    GroupAdd []string
    IpcMode container.IpcMode
    Cgroup container.CgroupSpec
    Links []string
    OomScoreAdj int
    PidMode container.PidMode
    Privileged bool
    PublishAllPorts bool
    ReadonlyRootfs bool
    SecurityOpt []string
    StorageOpt map[string]string StorageOpt,omitempty
    Tmpfs map[string]string Tmpfs,omitempty
    UTSMode container.UTSMode
    UsernsMode container.UsernsMode
    ShmSize int64
    Sysctls map[string]string Sysctls,omitempty
    Runtime string Runtime,omitempty
    Isolation container.Isolation
    +Resources container.Resources
    Mounts []mount.Mount Mounts,omitempty
    MaskedPaths []string
    ReadonlyPaths []string
    Init *bool Init,omitempty
  `,
  'container.LogConfig': `
    Type string
    Config map[string]string
  `,
  'container.RestartPolicy': `
    Name container.RestartPolicyMode
    MaximumRetryCount int
  `,
  'container.Resources': `
    CPUShares int64 CpuShares
    Memory int64
    NanoCPUs int64 NanoCpus
    CgroupParent string
    BlkioWeight uint16
    BlkioWeightDevice []*blkiodev.WeightDevice
    BlkioDeviceReadBps []*blkiodev.ThrottleDevice
    BlkioDeviceWriteBps []*blkiodev.ThrottleDevice
    BlkioDeviceReadIOps []*blkiodev.ThrottleDevice
    BlkioDeviceWriteIOps []*blkiodev.ThrottleDevice
    CPUPeriod int64 CpuPeriod
    CPUQuota int64 CpuQuota
    CPURealtimePeriod int64 CpuRealtimePeriod
    CPURealtimeRuntime int64 CpuRealtimeRuntime
    CpusetCpus string
    CpusetMems string
    Devices []container.DeviceMapping
    DeviceCgroupRules []string
    DeviceRequests []container.DeviceRequest
    KernelMemory int64 KernelMemory,omitempty
    KernelMemoryTCP int64 KernelMemoryTCP,omitempty
    MemoryReservation int64
    MemorySwap int64
    MemorySwappiness *int64
    OomKillDisable *bool
    PidsLimit *int64
    Ulimits []*units.Ulimit
    CPUCount int64 CpuCount
    CPUPercent int64 CpuPercent
    IOMaximumIOps uint64
    IOMaximumBandwidth uint64
  `,
  'blkiodev.WeightDevice': `
    Path string
    Weight uint16
  `,
  'blkiodev.ThrottleDevice': `
    Path string
    Rate uint64
  `,
  'container.DeviceMapping': `
    PathOnHost string
    PathInContainer string
    CgroupPermissions string
  `,
  'container.DeviceRequest': `
    Driver string
    Count int
    DeviceIDs []string
    Capabilities [][]string
    Options map[string]string
  `,
  'units.Ulimit': `
    Name string
    Hard int64
    Soft int64
  `,
  'mount.Mount': `
    Type mount.Type Type,omitempty
    Source string Source,omitempty
    Target string Target,omitempty
    ReadOnly bool ReadOnly,omitempty
    Consistency mount.Consistency Consistency,omitempty
    BindOptions *mount.BindOptions BindOptions,omitempty
    VolumeOptions *mount.VolumeOptions VolumeOptions,omitempty
    ImageOptions *mount.ImageOptions ImageOptions,omitempty
    TmpfsOptions *mount.TmpfsOptions TmpfsOptions,omitempty
    ClusterOptions any ClusterOptions,omitempty
  `,
  'mount.BindOptions': `
    Propagation mount.Propagation Propagation,omitempty
    NonRecursive bool NonRecursive,omitempty
    CreateMountpoint bool CreateMountpoint,omitempty
    ReadOnlyNonRecursive bool ReadOnlyNonRecursive,omitempty
    ReadOnlyForceRecursive bool ReadOnlyForceRecursive,omitempty
  `,
  'mount.VolumeOptions': `
    NoCopy bool NoCopy,omitempty
    Labels map[string]string Labels,omitempty
    Subpath string Subpath,omitempty
    DriverConfig *mount.Driver DriverConfig,omitempty
  `,
  'mount.Driver': `
    Name string Name,omitempty
    Options map[string]string Options,omitempty
  `,
  'mount.ImageOptions': `
    Subpath string Subpath,omitempty
  `,
  'mount.TmpfsOptions': `
    SizeBytes int64 SizeBytes,omitempty
    Mode fs.FileMode Mode,omitempty
    Options [][]string Options,omitempty
  `,
  'container.MountPoint': `
    Type mount.Type Type,omitempty
    Name string Name,omitempty
    Source string
    Destination string
    Driver string Driver,omitempty
    Mode string
    RW bool
    Propagation mount.Propagation
  `,
  'container.Config': `
    Hostname string
    Domainname string
    User string
    AttachStdin bool
    AttachStdout bool
    AttachStderr bool
    ExposedPorts nat.PortSet ExposedPorts,omitempty
    Tty bool
    OpenStdin bool
    StdinOnce bool
    Env []string
    Cmd strslice.StrSlice
    Healthcheck *v1.HealthcheckConfig Healthcheck,omitempty
    ArgsEscaped bool ArgsEscaped,omitempty
    Image string
    Volumes map[string]emptyStruct
    WorkingDir string
    Entrypoint strslice.StrSlice
    NetworkDisabled bool NetworkDisabled,omitempty
    MacAddress string MacAddress,omitempty
    OnBuild []string
    Labels map[string]string
    StopSignal string StopSignal,omitempty
    StopTimeout *int StopTimeout,omitempty
    Shell strslice.StrSlice Shell,omitempty
  `,
  'container.NetworkSettings': `
    +NetworkSettingsBase container.NetworkSettingsBase
    +DefaultNetworkSettings container.DefaultNetworkSettings
    Networks map[string]*network.EndpointSettings
  `,
  'container.NetworkSettingsBase': `
    Bridge string
    SandboxID string
    SandboxKey string
    Ports nat.PortMap
    HairpinMode bool
    LinkLocalIPv6Address string
    LinkLocalIPv6PrefixLen int
    SecondaryIPAddresses []network.Address
    SecondaryIPv6Addresses []network.Address
  `,
  'container.DefaultNetworkSettings': `
    EndpointID string
    Gateway string
    GlobalIPv6Address string
    GlobalIPv6PrefixLen int
    IPAddress string
    IPPrefixLen int
    IPv6Gateway string
    MacAddress string
  `,
}
