export { chainIdOf, chainIdsOf, digestOf } from './chain-id.ts'
export {
  type ByteStream,
  type Compression,
  decompress,
  decompressRare,
  releasing,
  startsLayer,
} from './compression.ts'
export { type Digest, hexOf, isDigest, parseDigest } from './digest.ts'
export { systemAuthorities } from './distribution/certificates.ts'
export type {
  Access,
  Credentials,
  DownloadedFile,
  Registries,
  RegistryConfig,
  Repository,
  SearchResult,
} from './distribution/contracts.ts'
export { shownUrl } from './distribution/download.ts'
export { RegistryError } from './distribution/errors.ts'
export { proxiesFromEnvironment } from './distribution/proxies.ts'
export { subjectOf } from './distribution/referrers.ts'
export { createRegistries, defaultLimits, defaultRegistryConfig } from './distribution/registries.ts'
export { decodeRegistryAuth, decodeRegistryConfig, parseAuthConfig } from './distribution/registry-auth.ts'
export { pullError, pushError } from './distribution/user-errors.ts'
export {
  type HistoryEntry,
  type ImageConfigFile,
  inlineCacheField,
  largestConfig,
  parseImageConfig,
  parseRunConfig,
  type RunConfig,
  serializeImageConfig,
} from './image-config.ts'
export * as json from './json.ts'
export {
  type Descriptor,
  type Index,
  largestManifest,
  type Manifest,
  parseManifest,
  serializeManifest,
} from './manifest.ts'
export {
  isImageConfigType,
  isIndexType,
  isKnownLayerType,
  isManifestType,
  mediaTypes,
} from './media-types.ts'
export {
  bestMatch,
  formatPlatform,
  hostPlatform,
  normalizePlatform,
  type Platform,
  parsePlatform,
  samePlatform,
} from './platform.ts'
export {
  canonicalName,
  familiarName,
  familiarRepository,
  parseReference,
  type Reference,
  repositoryOf,
  withDefaultTag,
} from './reference.ts'
export { type EntryType, entryHeader, type Piece, type TarHeader } from './tar/entry.ts'
export { padding } from './tar/fields.ts'
export { entryTypeOf, fileHeader } from './tar/file-info.ts'
export { FirstNames } from './tar/first-names.ts'
export { isTarHeader } from './tar/is-header.ts'
export { bytesOfName, textOfName } from './tar/names.ts'
export { readEntry, readTar, type TarEntry } from './tar/reader.ts'
export { endBlocks, entryBlocks, sparseBlocks, type TarInput, tarOf, writeTar } from './tar/writer.ts'
export { whiteoutOf } from './whiteout.ts'
