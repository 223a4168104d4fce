export type * from './contracts.ts'
export { openDatabase } from './database/database.ts'
