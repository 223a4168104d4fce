/** The Go structs of what `volume inspect` answers. See declare.ts for the notation. */
import type { Declarations } from './declare.ts'

export const volumeDeclarations: Declarations = {
  'volume.Volume': `
    ClusterVolume *volume.ClusterVolume ClusterVolume,omitempty
    CreatedAt string CreatedAt,omitempty
    Driver string
    Labels map[string]string
    Mountpoint string
    Name string
    Options map[string]string
    Scope string
    Status map[string]any Status,omitempty
    UsageData *volume.UsageData UsageData,omitempty
  `,
  'volume.ClusterVolume': `
    ID string
    +Meta swarm.Meta
    Spec volume.ClusterVolumeSpec
    PublishStatus []*volume.PublishStatus PublishStatus,omitempty
    Info *volume.Info Info,omitempty
  `,
  'volume.ClusterVolumeSpec': `
    Group string Group,omitempty
    AccessMode *volume.AccessMode AccessMode,omitempty
    AccessibilityRequirements any AccessibilityRequirements,omitempty
    CapacityRange any CapacityRange,omitempty
    Secrets []any Secrets,omitempty
    Availability volume.Availability Availability,omitempty
  `,
  'volume.AccessMode': `
    Scope volume.Scope Scope,omitempty
    Sharing volume.SharingMode Sharing,omitempty
    MountVolume *volume.TypeMount MountVolume,omitempty
    BlockVolume any BlockVolume,omitempty
  `,
  'volume.TypeMount': `
    FsType string FsType,omitempty
    MountFlags []string MountFlags,omitempty
  `,
  'volume.PublishStatus': `
    NodeID string NodeID,omitempty
    State volume.PublishState State,omitempty
    PublishContext map[string]string PublishContext,omitempty
  `,
  'volume.Info': `
    CapacityBytes int64 CapacityBytes,omitempty
    VolumeContext map[string]string VolumeContext,omitempty
    VolumeID string VolumeID,omitempty
    AccessibleTopology []volume.Topology AccessibleTopology,omitempty
  `,
  'volume.Topology': `
    Segments map[string]string Segments,omitempty
  `,
  'volume.UsageData': `
    RefCount int64
    Size int64
  `,
}
