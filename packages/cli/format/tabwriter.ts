/** Columns as Go's text/tabwriter lines them up, which Docker's tables are made with. */

export interface ColumnOptions {
  /** The least width of a column, padding included. */
  readonly minimum: number
  /** Blanks after the longest cell. */
  readonly padding: number
}

/** Docker's lists. */
export const tableColumns: ColumnOptions = { minimum: 10, padding: 3 }

/**
 * Lines up tab-separated cells. A column is a run of neighbouring lines that all have a tab-ended cell there; what follows
 * a line's last tab is not padded.
 */
export function alignColumns(text: string, options: ColumnOptions = tableColumns): string {
  // A form feed ends a line and every column with it.
  return text
    .split('\f')
    .map((block) => alignBlock(block, options))
    .join('\n')
}

function alignBlock(text: string, options: ColumnOptions): string {
  const lines = text.split('\n').map((line) => line.split(/[\t\v]/))
  const widths = lines.map((): number[] => [])
  setWidths(lines, widths, 0, lines.length, 0, options)
  return lines.map((cells, line) => padCells(cells, widths[line] ?? [])).join('\n')
}

/** Finds the blocks of a column among the lines and, within each, the blocks of the next column. */
function setWidths(
  lines: readonly string[][],
  widths: number[][],
  from: number,
  to: number,
  column: number,
  options: ColumnOptions,
): void {
  const hasCell = (line: number): boolean => column < (lines[line]?.length ?? 0) - 1
  for (let start = from; start < to; start++) {
    if (!hasCell(start)) continue
    let end = start
    let width = options.minimum
    for (; end < to && hasCell(end); end++) {
      width = Math.max(width, textWidth(lines[end]?.[column] ?? '') + options.padding)
    }
    for (let line = start; line < end; line++) widths[line]?.push(width)
    setWidths(lines, widths, start, end, column + 1, options)
    start = end - 1
  }
}

const padCells = (cells: readonly string[], widths: readonly number[]): string =>
  cells
    .map((cell, column) => cell + ' '.repeat(Math.max(0, (widths[column] ?? 0) - textWidth(cell))))
    .join('')

/** Most texts are ASCII, whose letters need not be counted. */
const textWidth = (text: string): number => (/^[ -~]*$/.test(text) ? text.length : [...text].length)
