/** The JSON values of a stream, one after another, with or without line breaks between them; opened with the first. */
export async function* jsonValues(open: () => Promise<AsyncIterable<Buffer>>): AsyncGenerator<unknown> {
  const splitter = new LineSplitter()
  for await (const bytes of await open())
    for (const line of splitter.push(bytes)) for (const value of splitValues(line)) yield JSON.parse(value)
  for (const line of splitter.end()) for (const value of splitValues(line)) yield JSON.parse(value)
}

/** The lines of a stream that hold more than white space, without the white space around them. */
export async function* lines(body: AsyncIterable<Buffer>): AsyncGenerator<string> {
  const splitter = new LineSplitter()
  for await (const bytes of body) for (const line of splitter.push(bytes)) yield line
  for (const line of splitter.end()) yield line
}

/** Cuts bytes into lines, leaving out those that hold white space alone. */
class LineSplitter {
  /** The beginning of a line that has not ended yet. */
  #begun: Buffer[] = []

  push(bytes: Buffer): string[] {
    const found: string[] = []
    let rest = bytes
    for (let newline = rest.indexOf('\n'); newline >= 0; newline = rest.indexOf('\n')) {
      this.#begun.push(rest.subarray(0, newline))
      rest = rest.subarray(newline + 1)
      found.push(...this.end())
    }
    if (rest.length > 0) this.#begun.push(rest)
    return found
  }

  /** The last line, which nothing ends; none if there is nothing in it. */
  end(): string[] {
    const line = Buffer.concat(this.#begun).toString('utf8').trim()
    this.#begun = []
    return line === '' ? [] : [line]
  }
}

/** Cuts `{…}{…}` between objects. */
function splitValues(line: string): string[] {
  if (!line.includes('}{')) return [line]
  const values: string[] = []
  let depth = 0
  let start = 0
  let inString = false
  for (let at = 0; at < line.length; at++) {
    const letter = line[at]
    if (inString) {
      if (letter === '\\') at++
      else if (letter === '"') inString = false
    } else if (letter === '"') inString = true
    else if (letter === '{') depth++
    else if (letter === '}' && --depth === 0) {
      values.push(line.slice(start, at + 1))
      start = at + 1
    }
  }
  const rest = line.slice(start).trim()
  return rest === '' ? values : [...values, rest]
}
