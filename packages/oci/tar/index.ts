/** The archive format alone, for the command: it must start fast and needs nothing else of this package. */
export { type EntryType, entryHeader, type TarHeader } from './entry.ts'
export { padding } from './fields.ts'
export { entryTypeOf, fileHeader } from './file-info.ts'
export { FirstNames } from './first-names.ts'
export { isTarHeader } from './is-header.ts'
export { bytesOfName, textOfName } from './names.ts'
export { readTar, type TarEntry } from './reader.ts'
export { endBlocks, entryBlocks, type TarInput, writeTar } from './writer.ts'
