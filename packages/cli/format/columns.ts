/** How much room text takes on a terminal. */

/** Scripts and pictures that take two columns (Unicode's East Asian Width W and F, and emoji). */
const wide =
  /[\u1100-\u115f\u2e80-\u303e\u3041-\ua4cf\ua960-\ua97c\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff01-\uff60\uffe0-\uffe6\u{16fe0}-\u{18d8f}\u{1b000}-\u{1b2ff}\u{1f200}-\u{1f2ff}\u{1f300}-\u{1f64f}\u{1f680}-\u{1f6ff}\u{1f900}-\u{1faff}\u{20000}-\u{3fffd}]/u
/** What is drawn into the character before it. */
const combining = /[\p{Mn}\p{Me}\p{Cf}]/u

/** Columns of one character, a whole code point. */
export const columnsOf = (character: string): number =>
  combining.test(character) ? 0 : wide.test(character) ? 2 : 1

/** Columns of a text on one line. */
export const widthOf = (text: string): number =>
  isAscii.test(text) ? text.length : [...text].reduce((sum, each) => sum + columnsOf(each), 0)

const isAscii = /^[ -~]*$/

/** The longest beginning that takes no more columns. */
export function cut(text: string, width: number): string {
  if (isAscii.test(text)) return text.slice(0, width)
  let [left, end] = [width, 0]
  for (const each of text) {
    left -= columnsOf(each)
    if (left < 0) break
    end += each.length
  }
  return text.slice(0, end)
}

/** Exactly so many columns of it: filled up with spaces, or cut and marked with `…`. */
export function fit(text: string, width: number): string {
  const characters = [...text]
  const total = characters.reduce((sum, each) => sum + columnsOf(each), 0)
  if (total <= width) return text + ' '.repeat(width - total)
  if (width === 0) return ''
  let left = width - 1
  const end = characters.findIndex((each) => {
    const columns = columnsOf(each)
    if (columns > left) return true
    left -= columns
    return false
  })
  return `${characters.slice(0, end).join('')}…${' '.repeat(left)}`
}
