/** The Go structs of image configurations and descriptors, as the OCI specifies them. See declare.ts for the notation. */
import type { Declarations } from './declare.ts'

export const ociDeclarations: Declarations = {
  'storage.DriverData': `
    Data map[string]string
    Name string
  `,
  'v1.HealthcheckConfig': `
    Test []string Test,omitempty
    Interval time.Duration Interval,omitempty
    Timeout time.Duration Timeout,omitempty
    StartPeriod time.Duration StartPeriod,omitempty
    StartInterval time.Duration StartInterval,omitempty
    Retries int Retries,omitempty
  `,
  'v1.Descriptor': `
    MediaType string mediaType
    Digest digest.Digest digest
    Size int64 size
    URLs []string urls,omitempty
    Annotations map[string]string annotations,omitempty
    Data []uint8 data,omitempty
    Platform *v1.Platform platform,omitempty
    ArtifactType string artifactType,omitempty
  `,
  'v1.Platform': `
    Architecture string architecture
    OS string os
    OSVersion string os.version,omitempty
    OSFeatures []string os.features,omitempty
    Variant string variant,omitempty
  `,
  'v1.DockerOCIImageConfig': `
    +ImageConfig v1.ImageConfig
    +DockerOCIImageConfigExt v1.DockerOCIImageConfigExt
  `,
  'v1.ImageConfig': `
    User string User,omitempty
    ExposedPorts map[string]emptyStruct ExposedPorts,omitempty
    Env []string Env,omitempty
    Entrypoint []string Entrypoint,omitempty
    Cmd []string Cmd,omitempty
    Volumes map[string]emptyStruct Volumes,omitempty
    WorkingDir string WorkingDir,omitempty
    Labels map[string]string Labels,omitempty
    StopSignal string StopSignal,omitempty
    ArgsEscaped bool ArgsEscaped,omitempty
  `,
  'v1.DockerOCIImageConfigExt': `
    Healthcheck *v1.HealthcheckConfig Healthcheck,omitempty
    OnBuild []string OnBuild,omitempty
    Shell []string Shell,omitempty
  `,
}
