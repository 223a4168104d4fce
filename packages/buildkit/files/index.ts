/** What describes files, without the protocols: the command must start fast. */

export type { FilesRequest } from '../session/files-request.ts'
export { type FileType, goMode, permissionsOf, typeOf } from './mode.ts'
export { comparePaths, PathOrder } from './order.ts'
export type { FileStat } from './packet.ts'
export type { FileSource } from './send.ts'
