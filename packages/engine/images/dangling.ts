import { parseReference } from '@gantry/oci'
import type { ReferenceRecord } from './records.ts'

/** Whether an image with these names is dangling, as Docker has it: a digest alone does not keep it from being that. */
export const isDangling = (names: readonly ReferenceRecord[]): boolean =>
  names.every(({ name }) => parseReference(name).digest)
