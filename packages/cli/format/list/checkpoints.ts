/** The list of checkpoints. */
import type { ListColumns } from './list.ts'

export const checkpointColumns: ListColumns<{ Name: string }> = {
  name: 'formatter.checkpointContext',
  fields: { Name: ({ Name }) => Name },
  headers: { Name: 'CHECKPOINT NAME' },
}
