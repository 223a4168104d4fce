/** The Go structs of what `image inspect` answers. See declare.ts for the notation. */
import type { Declarations } from './declare.ts'

export const imageDeclarations: Declarations = {
  'image.InspectResponse': `
    ID string Id
    RepoTags []string
    RepoDigests []string
    Parent string
    Comment string
    Created string Created,omitempty
    Container string Container,omitempty
    ContainerConfig any ContainerConfig,omitempty
    DockerVersion string
    Author string
    Config *v1.DockerOCIImageConfig
    Architecture string
    Variant string Variant,omitempty
    Os string
    OsVersion string OsVersion,omitempty
    Size int64
    VirtualSize int64 VirtualSize,omitempty
    GraphDriver storage.DriverData
    RootFS image.RootFS
    Metadata image.Metadata
    Descriptor *v1.Descriptor Descriptor,omitempty
    Manifests []image.ManifestSummary Manifests,omitempty
  `,
  'image.RootFS': `
    Type string Type,omitempty
    Layers []string Layers,omitempty
  `,
  'image.Metadata': `
    LastTagTime time.Time
  `,
  'image.ManifestSummary': `
    ID string
    Descriptor v1.Descriptor
    Available bool
    Size image.manifestSize
    Kind image.ManifestKind
    ImageData *image.ImageProperties ImageData,omitempty
    AttestationData *image.AttestationProperties AttestationData,omitempty
  `,
  'image.ImageProperties': `
    Platform v1.Platform
    Size image.unpackedSize
    Containers []string
  `,
  'image.AttestationProperties': `
    For digest.Digest
  `,
  'image.manifestSize': `
    Content int64
    Total int64
  `,
  'image.unpackedSize': `
    Unpacked int64
  `,
}
