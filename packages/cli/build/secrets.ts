/** `--secret`: what a build may ask for while it runs. */
import { readFile, stat } from 'node:fs/promises'

type Environment = Readonly<Record<string, string | undefined>>

/** Bytes of a secret. */
const largestSecret = 500 << 10

/** Where the value of a secret is. */
type Place = { file: string } | { variable: string }

/** The secrets by their ids. Rejects with Error in buildx's words; no value is read before it is asked for. */
export async function parseSecrets(texts: readonly string[], env: Environment): Promise<Map<string, Place>> {
  const secrets = new Map<string, Place>()
  for (const text of texts) {
    const { id, place } = parseSecret(text, env)
    if ('file' in place) await checkFile(place.file)
    secrets.set(id, place)
  }
  return secrets
}

function parseSecret(text: string, env: Environment): { id: string; place: Place } {
  const fields = new Map<string, string>()
  for (const part of text.split(',')) {
    const equals = part.indexOf('=')
    if (equals < 0) throw new Error(`invalid field '${part}' must be a key=value pair`)
    const key = part.slice(0, equals).toLowerCase()
    const value = part.slice(equals + 1)
    if (!['type', 'id', 'source', 'src', 'env'].includes(key))
      throw new Error(`unexpected key '${key}' in '${part}'`)
    if (key === 'type' && value !== 'file' && value !== 'env')
      throw new Error(`unsupported secret type ${JSON.stringify(value)}`)
    fields.set(key === 'src' ? 'source' : key, value)
  }
  const id = fields.get('id') ?? ''
  if (id === '') throw new Error('secret missing ID')
  const [type, source, variable] = [fields.get('type'), fields.get('source'), fields.get('env')]
  if (variable !== undefined) return { id, place: { variable } }
  if (type === 'env') return { id, place: { variable: source ?? id } }
  if (source !== undefined) return { id, place: { file: source } }
  return { id, place: type === undefined && env[id] !== undefined ? { variable: id } : { file: id } }
}

async function checkFile(path: string): Promise<void> {
  const status = await stat(path).catch((cause) => {
    throw new Error(`failed to stat ${path}: stat ${path}: no such file or directory`, { cause })
  })
  if (status.isDirectory()) throw new Error(`secret file ${path} is a directory`)
  if (status.size > largestSecret) throw new Error(`secret file ${path} too big. max size 500KB`)
}

/** The value of a secret now; null when its variable is not set. */
export async function secretValue(place: Place, env: Environment): Promise<Uint8Array | null> {
  if ('file' in place) return readFile(place.file)
  const value = env[place.variable]
  return value === undefined ? null : Buffer.from(value)
}
