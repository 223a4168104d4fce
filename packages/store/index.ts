export { openContentStore } from './content/content-store.ts'
export type * from './contracts.ts'
export { openDatabase } from './database/database.ts'
export { openLayerStore } from './layers/layer-store.ts'
