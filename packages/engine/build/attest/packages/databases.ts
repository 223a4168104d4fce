/** Package databases as texts: dpkg's status, apk's installed, npm's, Python's and Ruby's own files. */
import type { Distribution, ImagePackage } from './package.ts'

/** Paragraphs of `Name: value`, with lines that go on behind a blank (deb822). */
export function* dpkgPackages(text: string, foundIn: string): Generator<ImagePackage> {
  for (const field of paragraphs(text, debianFields)) {
    const [name, version, status] = [field.get('package'), field.get('version'), field.get('status')]
    if (!name || !version || (status !== undefined && !present.has(status.split(' ').at(-1) ?? ''))) continue
    const architecture = field.get('architecture')
    const source = field.get('source')
    const supplier = field.get('maintainer')
    yield {
      type: 'deb',
      name,
      version,
      foundIn,
      ...(architecture && { architecture }),
      ...(source && source !== name && { source: debianSource(source) }),
      ...(supplier && { supplier }),
    }
  }
}

const debianFields = ['package', 'version', 'status', 'architecture', 'source', 'maintainer']

/** Words of a package's state (dpkg(1)) with which its files are there. */
const present = new Set(['installed', 'unpacked', 'half-configured', 'triggers-awaited', 'triggers-pending'])

/** `glibc`, or `glibc@2.36-9` where the source has another version than what is made of it: `glibc (2.36-9)`. */
const debianSource = (text: string): string => text.replace(/^([^ ()]+) \(([^ ()]+)\)$/, '$1@$2')

/** One letter a field. */
export function* apkPackages(text: string, foundIn: string): Generator<ImagePackage> {
  for (const field of paragraphs(text, ['P', 'V', 'A', 'o', 'L', 'm'])) {
    const [name, version] = [field.get('P'), field.get('V')]
    if (!name || !version) continue
    const [architecture, source, license, supplier] = ['A', 'o', 'L', 'm'].map((key) => field.get(key))
    yield {
      type: 'apk',
      name,
      version,
      foundIn,
      ...(architecture && { architecture }),
      ...(source && source !== name && { source }),
      ...(license && { license }),
      ...(supplier && { supplier }),
    }
  }
}

function* lines(text: string): Generator<string> {
  for (let start = 0; start < text.length; ) {
    const end = text.indexOf('\n', start)
    yield text.slice(start, end < 0 ? text.length : end)
    start = end < 0 ? text.length : end + 1
  }
}

/**
 * Of each paragraph the first lines of the fields that are asked for: no others are kept, and no regular expression looks at a
 * line, which may be as long as the file. Names in lower case are found in any case.
 */
function* paragraphs(text: string, names: readonly string[]): Generator<Map<string, string>> {
  const hasCase = names.some((name) => name !== name.toLowerCase())
  let current = new Map<string, string>()
  for (const line of lines(text)) {
    if (line.trim() === '') {
      if (current.size > 0) yield current
      current = new Map()
      continue
    }
    const name = line.slice(0, Math.max(0, line.indexOf(':')))
    const key = hasCase ? name : name.toLowerCase()
    if (names.includes(key) && !current.has(key)) current.set(key, line.slice(name.length + 1).trim())
  }
  if (current.size > 0) yield current
}

/** The package.json of an installed package. */
export function npmPackage(text: string, foundIn: string): ImagePackage[] {
  const { name, version, license, author } = objectOf(text)
  if (!textOf(name) || !textOf(version)) return []
  const licenseText = textOf(license) ?? textOf(objectOr(license).type)
  const supplier = textOf(author) ?? textOf(objectOr(author).name)
  return [
    {
      ...npmName(String(name)),
      version: String(version),
      foundIn,
      ...(licenseText && { license: licenseText }),
      ...(supplier && { supplier }),
    },
  ]
}

/** A package-lock.json, of version 2 or 3 (by paths), or 1 (by names, each with those below it). */
export function* lockedPackages(text: string, foundIn: string): Generator<ImagePackage> {
  const { packages, dependencies } = objectOf(text)
  if (packages === undefined) return yield* nestedPackages(dependencies, foundIn)
  for (const [path, value] of Object.entries(objectOr(packages))) {
    const entry = objectOr(value)
    const inModules = path.lastIndexOf(modules)
    const last =
      inModules < 0 ? path.slice(path.lastIndexOf('/') + 1) : path.slice(inModules + modules.length)
    // The empty path is the project's own.
    if (path !== '' && entry.link !== true) yield* lockedPackage(textOf(entry.name) ?? last, entry, foundIn)
  }
}

const modules = 'node_modules/'

function* nestedPackages(dependencies: unknown, foundIn: string): Generator<ImagePackage> {
  const levels = [objectOr(dependencies)]
  for (let level = levels.pop(); level; level = levels.pop())
    for (const [name, value] of Object.entries(level)) {
      const entry = objectOr(value)
      yield* lockedPackage(name, entry, foundIn)
      if (entry.dependencies !== undefined) levels.push(objectOr(entry.dependencies))
    }
}

function* lockedPackage(
  name: string,
  { version, license }: Fields,
  foundIn: string,
): Generator<ImagePackage> {
  const [versionText, licenseText] = [textOf(version), textOf(license)]
  if (name === '' || !versionText) return
  yield { ...npmName(name), version: versionText, foundIn, ...(licenseText && { license: licenseText }) }
}

function npmName(name: string): Pick<ImagePackage, 'type' | 'namespace' | 'name'> {
  const slash = name.startsWith('@') ? name.indexOf('/') : -1
  if (slash < 0) return { type: 'npm', name }
  return { type: 'npm', namespace: name.slice(0, slash), name: name.slice(slash + 1) }
}

/** The METADATA of an installed Python distribution, or the PKG-INFO of an egg. */
export function pythonPackage(text: string, foundIn: string): ImagePackage[] {
  const { value: field } = paragraphs(text, ['name', 'version', 'license-expression', 'license']).next()
  const [name, version] = [field?.get('name'), field?.get('version')]
  if (!name || !version) return []
  const license = field?.get('license-expression') ?? field?.get('license')
  const normal = name.toLowerCase().replace(/[-_.]+/g, '-')
  return [{ type: 'pypi', name: normal, version, foundIn, ...(license && { license }) }]
}

/** The specification of an installed gem, which is a program: only what RubyGems itself writes into it is taken. */
export function gemPackage(text: string, foundIn: string): ImagePackage[] {
  const value = (field: string): string | undefined =>
    new RegExp(`^[ \\t]*s\\.${field} = \\[?"([^"\\n]{1,200})"`, 'm').exec(text)?.[1]
  const [name, version, license] = [value('name'), value('version'), value('licenses')]
  if (!name || !version) return []
  return [{ type: 'gem', name, version, foundIn, ...(license && { license }) }]
}

/** os-release(5). */
export function distributionOf(text: string): Distribution | null {
  const value = (name: string): string => new RegExp(`^${name}=["']?([^"'\\n]*)`, 'm').exec(text)?.[1] ?? ''
  const id = value('ID')
  return id === '' ? null : { id, version: value('VERSION_ID') }
}

type Fields = Record<string, unknown>

const objectOr = (value: unknown): Fields =>
  typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Fields) : {}
const textOf = (value: unknown): string | undefined =>
  typeof value === 'string' && value ? value : undefined

/** What is broken tells of no package. */
function objectOf(text: string): Fields {
  try {
    return objectOr(JSON.parse(text))
  } catch {
    return {}
  }
}
