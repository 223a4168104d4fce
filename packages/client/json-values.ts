/** The JSON values of a stream, one after another, with or without line breaks between them; opened with the first. */
export async function* jsonValues(open: () => Promise<AsyncIterable<Buffer>>): AsyncGenerator<unknown> {
  for await (const line of lines(await open())) yield* parseLine(line)
}

/** The lines of a stream that hold more than white space, without the white space around them. */
export async function* lines(body: AsyncIterable<Buffer>): AsyncGenerator<string> {
  const decoder = new TextDecoder()
  let text = ''
  for await (const bytes of body) {
    text += decoder.decode(bytes, { stream: true })
    for (let newline = text.indexOf('\n'); newline >= 0; newline = text.indexOf('\n')) {
      const line = text.slice(0, newline).trim()
      text = text.slice(newline + 1)
      if (line !== '') yield line
    }
  }
  if (text.trim() !== '') yield text.trim()
}

function* parseLine(line: string): Generator<unknown> {
  for (const value of splitValues(line)) yield JSON.parse(value) as unknown
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
