/** Addresses of git repositories as contexts and as sources of ADD: `URL#REF:DIRECTORY`, or `URL?ref=REF&subdir=DIRECTORY`. */
import { DockerfileProblem } from './problem.ts'

export interface GitUrl {
  /** For git itself, without the user's name and password where those are for HTTP. */
  url: string
  /** `user:password` of an HTTP address. */
  credentials?: string
  /** Branch, tag or commit; the repository's HEAD without one. */
  ref?: string
  /** Commit that must come out, or the first digits of it. */
  checksum?: string
  /** Directory of the repository that counts. */
  subdir?: string
  keepGitDir?: boolean
  /** False: not the repositories that it contains. */
  submodules?: boolean
}

const scpForm = /^[\w.-]+@[\w.-]+:(?!\/\/)/

/** Whether a text is the address of a repository, and not of a file or a path. */
export const isGitUrl = (text: string): boolean =>
  /^(git|ssh|git\+ssh):\/\//.test(text) ||
  scpForm.test(text) ||
  /^github\.com\/[^/]+\/[^/]+/.test(text) ||
  /^https?:\/\/[^#?]+\.git([#?]|$)/.test(text)

/** Whether a context's address is one that the engine fetches. */
export const isRemoteContext = (text: string): boolean => isGitUrl(text) || /^https?:\/\//.test(text)

/** Throws DockerfileProblem for what is no address, or asks for what is not known. */
export function parseGitUrl(text: string): GitUrl {
  if (!isGitUrl(text)) throw new DockerfileProblem(`invalid git address: ${text}`)
  const [, address = '', query, fragment] = /^([^?#]*)(?:\?([^#]*))?(?:#(.*))?$/s.exec(text) ?? []
  if (query !== undefined && fragment)
    throw new DockerfileProblem(`git address has both a query and a fragment: ${text}`)
  const wanted = query === undefined ? fromFragment(fragment ?? '') : fromQuery(query)
  const full = address.startsWith('github.com/') ? `https://${address}` : address
  const { url, credentials } = withoutCredentials(full)
  for (const word of [url, wanted.ref ?? ''])
    if (word.startsWith('-') || /\p{Cc}/u.test(word))
      throw new DockerfileProblem(`invalid git address: ${text}`)
  return { url, ...(credentials !== undefined && { credentials }), ...wanted }
}

/** `REF:DIRECTORY`, each of which may be missing. */
function fromFragment(fragment: string): Omit<GitUrl, 'url'> {
  const [ref = '', ...rest] = fragment.split(':')
  const subdir = rest.join(':')
  return { ...(ref && { ref }), ...(subdir && { subdir }) }
}

const refPrefix: Record<string, string> = { ref: '', branch: 'refs/heads/', tag: 'refs/tags/' }

function fromQuery(query: string): Omit<GitUrl, 'url'> {
  const wanted: Omit<GitUrl, 'url'> = {}
  for (const [name, value] of new URLSearchParams(query)) {
    const prefix = refPrefix[name]
    if (prefix !== undefined) {
      if (wanted.ref !== undefined)
        throw new DockerfileProblem('ref conflicts with another ref in the git address')
      wanted.ref = `${prefix}${value}`
    } else if (name === 'commit' || name === 'checksum') wanted.checksum = value
    else if (name === 'subdir') wanted.subdir = value
    else if (name === 'keep-git-dir') wanted.keepGitDir = flag(name, value)
    else if (name === 'submodules') wanted.submodules = flag(name, value)
    else throw new DockerfileProblem(`unexpected query ${JSON.stringify(name)} in the git address`)
  }
  return wanted
}

function flag(name: string, value: string): boolean {
  if (/^(|1|t|true)$/i.test(value)) return true
  if (/^(0|f|false)$/i.test(value)) return false
  throw new DockerfileProblem(`invalid value ${JSON.stringify(value)} of ${name} in the git address`)
}

function withoutCredentials(address: string): Pick<GitUrl, 'url' | 'credentials'> {
  if (!/^https?:\/\//.test(address)) return { url: address }
  const parsed = URL.parse(address)
  if (!parsed) throw new DockerfileProblem(`invalid git address: ${address}`)
  const { username, password } = parsed
  if (username === '' && password === '') return { url: address }
  parsed.username = ''
  parsed.password = ''
  return { url: parsed.href, credentials: `${decodeURIComponent(username)}:${decodeURIComponent(password)}` }
}
