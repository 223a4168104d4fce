/** What describes files, without the protocols: the command must start fast. */

export type { FilesRequest } from '../session/files-request.ts'
export { HardLinks } from './hard-links.ts'
export { type FileType, goMode } from './mode.ts'
export { comparePaths } from './order.ts'
export type { FileStat } from './packet.ts'
export type { FileSource } from './send.ts'
