export type * from './generated.ts'
export type * from './own.ts'
