export type * from './contracts.ts'
export { anonymousLabel, createVolumes, type StoredVolume } from './local-volumes.ts'
