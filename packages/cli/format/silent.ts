import type { Output } from '../framework/command.ts'

/** An output for what nobody wants to see. */
export const silent: Output = {
  isTTY: false,
  columns: 0,
  rows: 0,
  write: () => true,
  drained: async () => {},
}
