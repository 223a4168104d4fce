export type * from './contracts.ts'
export type * from './oci-spec.ts'
