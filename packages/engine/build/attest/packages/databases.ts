/** Package databases as texts: dpkg's status, apk's installed, npm's, Python's and Ruby's own files. */
import type { Distribution, ImagePackage } from './package.ts'

/** Paragraphs of `Name: value`, with lines that go on behind a blank (deb822). */
export function dpkgPackages(
  text: string,
  foundIn: string,
  distribution: Distribution | null,
): ImagePackage[] {
  return paragraphs(text, /^([A-Za-z][A-Za-z0-9-]*):[ \t]*(.*)$/).flatMap((field) => {
    const [name, version] = [field.get('package'), field.get('version')]
    const status = field.get('status')
    if (!name || !version || (status !== undefined && !status.endsWith(' installed'))) return []
    const architecture = field.get('architecture')
    const source = field.get('source')?.split(' ')[0]
    const supplier = field.get('maintainer')
    return {
      type: 'deb',
      namespace: distribution?.id ?? 'debian',
      name,
      version,
      foundIn,
      ...(architecture && { architecture }),
      ...(source && source !== name && { source }),
      ...(supplier && { supplier }),
    }
  })
}

/** One letter a field. */
export function apkPackages(
  text: string,
  foundIn: string,
  distribution: Distribution | null,
): ImagePackage[] {
  return paragraphs(text, /^([A-Za-z]):(.*)$/, true).flatMap((field) => {
    const [name, version] = [field.get('P'), field.get('V')]
    if (!name || !version) return []
    const [architecture, source, license, supplier] = ['A', 'o', 'L', 'm'].map((key) => field.get(key))
    return {
      type: 'apk',
      namespace: distribution?.id ?? 'alpine',
      name,
      version,
      foundIn,
      ...(architecture && { architecture }),
      ...(source && source !== name && { source }),
      ...(license && { license }),
      ...(supplier && { supplier }),
    }
  })
}

function* lines(text: string): Generator<string> {
  for (let start = 0; start < text.length; ) {
    const end = text.indexOf('\n', start)
    yield text.slice(start, end < 0 ? text.length : end)
    start = end < 0 ? text.length : end + 1
  }
}

/** The first line of each field; names in lower case unless `exact`. */
function paragraphs(text: string, field: RegExp, exact = false): Map<string, string>[] {
  const found: Map<string, string>[] = []
  let current: Map<string, string> | null = null
  for (const line of lines(text)) {
    if (line.trim() === '') {
      current = null
      continue
    }
    const [, name, value = ''] = field.exec(line) ?? []
    if (name === undefined) continue
    if (!current) {
      current = new Map()
      found.push(current)
    }
    const key = exact ? name : name.toLowerCase()
    if (!current.has(key)) current.set(key, value.trim())
  }
  return found
}

/** The package.json of an installed package. */
export function npmPackage(text: string, foundIn: string): ImagePackage[] {
  const { name, version, license, author } = objectOf(text)
  if (typeof name !== 'string' || typeof version !== 'string') return []
  const licenseText = typeof license === 'string' ? license : textOf(objectOr(license).type)
  const supplier = typeof author === 'string' ? author : textOf(objectOr(author).name)
  return [
    {
      ...npmName(name),
      version,
      foundIn,
      ...(licenseText && { license: licenseText }),
      ...(supplier && { supplier }),
    },
  ]
}

/** A package-lock.json, of version 2 or 3, or 1. */
export function lockedPackages(text: string, foundIn: string): ImagePackage[] {
  const { packages, dependencies } = objectOf(text)
  const entries = Object.entries(objectOr(packages ?? dependencies))
  return entries.flatMap(([path, value]) => {
    const { version, license, link, name: own } = objectOr(value)
    const name =
      textOf(own) ??
      path.slice(path.lastIndexOf('node_modules/') < 0 ? 0 : path.lastIndexOf('node_modules/') + 13)
    if (path === '' || name === '' || link === true || typeof version !== 'string') return []
    return { ...npmName(name), version, foundIn, ...(typeof license === 'string' && { license }) }
  })
}

function npmName(name: string): Pick<ImagePackage, 'type' | 'namespace' | 'name'> {
  const slash = name.startsWith('@') ? name.indexOf('/') : -1
  if (slash < 0) return { type: 'npm', name }
  return { type: 'npm', namespace: name.slice(0, slash), name: name.slice(slash + 1) }
}

/** The METADATA of an installed Python distribution, or the PKG-INFO of an egg. */
export function pythonPackage(text: string, foundIn: string): ImagePackage[] {
  const [field] = paragraphs(text, /^([A-Za-z][A-Za-z0-9-]*):[ \t]*(.*)$/)
  const [name, version, license] = ['name', 'version', 'license-expression'].map((key) => field?.get(key))
  if (!name || !version) return []
  const normal = name.toLowerCase().replace(/[-_.]+/g, '-')
  return [{ type: 'pypi', name: normal, version, foundIn, ...(license && { license }) }]
}

/** The specification of an installed gem, which is a program: only what RubyGems itself writes into it is taken. */
export function gemPackage(text: string, foundIn: string): ImagePackage[] {
  const value = (field: string): string | undefined =>
    new RegExp(`^\\s*s\\.${field} = \\[?"([^"\\n]{1,200})"`, 'm').exec(text)?.[1]
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
