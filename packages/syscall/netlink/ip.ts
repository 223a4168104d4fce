import { isIPv4, isIPv6 } from 'node:net'

/** The 4 or 16 bytes of an address in network order. Throws TypeError for anything that is not an address; no zone ids. */
export function ipBytes(address: string): Buffer {
  if (isIPv4(address)) return Buffer.from(address.split('.').map(Number))
  if (!isIPv6(address) || address.includes('%')) throw new TypeError(`not an IP address: ${address}`)
  const [head = '', tail] = withHexTail(address).split('::')
  const front = groups(head)
  const back = tail === undefined ? [] : groups(tail)
  const middle = new Array<number>(8 - front.length - back.length).fill(0)
  const buffer = Buffer.alloc(16)
  for (const [index, group] of [...front, ...middle, ...back].entries())
    buffer.writeUInt16BE(group, index * 2)
  return buffer
}

const groups = (part: string): number[] =>
  part === '' ? [] : part.split(':').map((group) => Number.parseInt(group, 16))

/** `::ffff:1.2.3.4` → `::ffff:102:304`. */
function withHexTail(address: string): string {
  const colon = address.lastIndexOf(':')
  const tail = address.slice(colon + 1)
  if (!tail.includes('.')) return address
  const [a = 0, b = 0, c = 0, d = 0] = tail.split('.').map(Number)
  return `${address.slice(0, colon + 1)}${((a << 8) | b).toString(16)}:${((c << 8) | d).toString(16)}`
}

/** The usual text of 4 or 16 bytes; IPv6 as RFC 5952 wants it (lower case, longest run of zeros shortened). */
export function ipText(address: Uint8Array): string {
  if (address.length === 4) return address.join('.')
  const view = Buffer.from(address)
  const words = Array.from({ length: 8 }, (_, index) => view.readUInt16BE(index * 2))
  const run = longestZeroRun(words)
  const hex = (part: number[]) => part.map((word) => word.toString(16)).join(':')
  if (run.length < 2) return hex(words)
  return `${hex(words.slice(0, run.start))}::${hex(words.slice(run.start + run.length))}`
}

function longestZeroRun(words: number[]): { start: number; length: number } {
  let best = { start: 0, length: 0 }
  for (let start = 0; start < words.length; start++) {
    let length = 0
    while (words[start + length] === 0) length++
    if (length > best.length) best = { start, length }
  }
  return best
}
