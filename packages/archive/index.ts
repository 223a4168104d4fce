export { TreeRoot } from './tree-root.ts'
export { Unpacker, type UnpackOptions } from './unpacker.ts'
