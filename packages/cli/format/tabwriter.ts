/** Columns as Go's text/tabwriter lines them up, which Docker's tables are made with. */

export interface ColumnOptions {
  /** The least width of a column, padding included. */
  readonly minimum: number
  /** Blanks after the longest cell. */
  readonly padding: number
}

/** Docker's lists. */
const tableColumns: ColumnOptions = { minimum: 10, padding: 3 }

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
  // A text takes less time to look for than an expression.
  const tab = text.includes('\v') ? /[\t\v]/ : '\t'
  const lines = text.split('\n').map((line) => line.split(tab))
  const widthOf = isAscii.test(text) ? (cell: string) => cell.length : (cell: string) => [...cell].length
  const cells = lines.map((line) => line.map(widthOf))
  const padded = lines.map((): number[] => [])
  setWidths(cells, padded, 0, cells.length, 0, options)
  return lines.map((line, row) => padCells(line, cells[row] ?? [], padded[row] ?? [])).join('\n')
}

/** Most texts are ASCII, whose letters need not be counted. */
const isAscii = /^[\n\t\v -~]*$/

/**
 * Finds the blocks of a column among the lines, by the widths of their cells, and within each the blocks of the next
 * column. Fills in how wide each cell is to be.
 */
function setWidths(
  cells: readonly number[][],
  padded: number[][],
  from: number,
  to: number,
  column: number,
  options: ColumnOptions,
): void {
  const hasCell = (line: number): boolean => column < (cells[line]?.length ?? 0) - 1
  for (let start = from; start < to; start++) {
    if (!hasCell(start)) continue
    let end = start
    let width = options.minimum
    for (; end < to && hasCell(end); end++) {
      width = Math.max(width, (cells[end]?.[column] ?? 0) + options.padding)
    }
    for (let line = start; line < end; line++) padded[line]?.push(width)
    setWidths(cells, padded, start, end, column + 1, options)
    start = end - 1
  }
}

function padCells(cells: readonly string[], widths: readonly number[], padded: readonly number[]): string {
  let line = ''
  for (const [column, cell] of cells.entries())
    line += cell + ' '.repeat(Math.max(0, (padded[column] ?? 0) - (widths[column] ?? 0)))
  return line
}
