export type * from './contracts.ts'
export { anonymousLabel, createVolumes, type StoredVolume, type VolumesOptions } from './local-volumes.ts'
