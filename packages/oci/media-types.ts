/** Media types of manifests, configurations and layers, of the OCI and of Docker. */
export const mediaTypes = {
  ociManifest: 'application/vnd.oci.image.manifest.v1+json',
  ociIndex: 'application/vnd.oci.image.index.v1+json',
  ociConfig: 'application/vnd.oci.image.config.v1+json',
  ociLayer: 'application/vnd.oci.image.layer.v1.tar',
  ociLayerGzip: 'application/vnd.oci.image.layer.v1.tar+gzip',
  ociLayerZstd: 'application/vnd.oci.image.layer.v1.tar+zstd',
  dockerManifest: 'application/vnd.docker.distribution.manifest.v2+json',
  dockerIndex: 'application/vnd.docker.distribution.manifest.list.v2+json',
  dockerConfig: 'application/vnd.docker.container.image.v1+json',
  dockerLayer: 'application/vnd.docker.image.rootfs.diff.tar',
  dockerLayerGzip: 'application/vnd.docker.image.rootfs.diff.tar.gzip',
  dockerLayerZstd: 'application/vnd.docker.image.rootfs.diff.tar.zstd',
} as const

const manifests: ReadonlySet<string> = new Set([mediaTypes.ociManifest, mediaTypes.dockerManifest])
const indexes: ReadonlySet<string> = new Set([mediaTypes.ociIndex, mediaTypes.dockerIndex])
const configs: ReadonlySet<string> = new Set([mediaTypes.ociConfig, mediaTypes.dockerConfig])
const layers: ReadonlySet<string> = new Set([
  mediaTypes.ociLayer,
  mediaTypes.ociLayerGzip,
  mediaTypes.ociLayerZstd,
  mediaTypes.dockerLayer,
  mediaTypes.dockerLayerGzip,
  mediaTypes.dockerLayerZstd,
])

/** Whether this is the manifest of one image, in OCI's format or Docker's (schema 2). */
export const isManifestType = (mediaType: string): boolean => manifests.has(mediaType)
/** Whether this is a list of manifests: an OCI index, or Docker's manifest list. */
export const isIndexType = (mediaType: string): boolean => indexes.has(mediaType)
/** Whether this is the configuration of an image that can be run, rather than of some other artifact. */
export const isImageConfigType = (mediaType: string): boolean => configs.has(mediaType)
/** Whether this is a layer that the registry itself has, in an archive that can be unpacked. */
export const isKnownLayerType = (mediaType: string): boolean => layers.has(mediaType)
