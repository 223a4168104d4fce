/**
 * What the git repository that a context is in says of itself, for the provenance of a build: buildx asks git and sends the same.
 * Files alone are read here, so nothing of the repository's configuration is run.
 */
import { existsSync, readFileSync, realpathSync, statSync } from 'node:fs'
import { dirname, join, relative, resolve } from 'node:path'

/** `dockerfile` is a path, which begins at the context unless it is absolute. Empty outside of repositories, without a context, and where BUILDX_GIT_INFO says no. */
export function repositoryOf(
  directory: string,
  dockerfile: string,
  env: Readonly<Record<string, string | undefined>>,
): Record<string, string> {
  if (/^(0|f|F|false|FALSE|False)$/.test(env.BUILDX_GIT_INFO ?? '')) return {}
  const context = realpathSync(directory)
  const root = rootOf(context)
  if (root === null) return {}
  const git = gitDirectory(join(root, '.git'))
  const head = git && headOf(git)
  const source = git && remoteOf(git, head?.branch ?? '')
  return {
    ...(head?.revision && { revision: head.revision }),
    ...(source && { source: withoutUser(source) }),
    ...placeIn(root, 'context', context),
    ...placeIn(root, 'dockerfile', dirname(resolve(context, dockerfile))),
  }
}

function placeIn(root: string, name: string, directory: string): Record<string, string> {
  const path = relative(root, directory) || '.'
  return path.startsWith('..') ? {} : { [`localdir:${name}`]: path }
}

function rootOf(directory: string): string | null {
  if (existsSync(join(directory, '.git'))) return directory
  const parent = dirname(directory)
  return parent === directory ? null : rootOf(parent)
}

/** Of a work tree that `git worktree` made, the branches are in another one (gitrepository-layout(5)). */
interface GitDirectory {
  own: string
  common: string
}

function gitDirectory(path: string): GitDirectory | null {
  let own = path
  if (!statSync(path).isDirectory()) {
    const [, target] = /^gitdir: (.*)$/m.exec(textOf(path)) ?? []
    if (target === undefined) return null
    own = resolve(dirname(path), target)
  }
  return { own, common: resolve(own, textOf(join(own, 'commondir')).trim()) }
}

function headOf({ own, common }: GitDirectory): { branch: string; revision: string } {
  const text = textOf(join(own, 'HEAD')).trim()
  const [, reference = ''] = /^ref: (refs\/\S+)$/.exec(text) ?? []
  const revision =
    reference === '' ? text : textOf(join(common, reference)).trim() || packed(common, reference)
  const isDigest = /^([0-9a-f]{40}|[0-9a-f]{64})$/.test(revision)
  return { branch: reference.replace(/^refs\/heads\//, ''), revision: isDigest ? revision : '' }
}

/** Lines of a digest, a blank and a name. */
function packed(common: string, reference: string): string {
  const lines = textOf(join(common, 'packed-refs')).split('\n')
  return lines.find((line) => line.endsWith(` ${reference}`))?.split(' ')[0] ?? ''
}

/** The address of the branch's remote, or of `origin`. */
function remoteOf({ common }: GitDirectory, branch: string): string {
  const settings = settingsOf(textOf(join(common, 'config')))
  const remote = settings.get(`branch.${branch}.remote`) ?? 'origin'
  return settings.get(`remote.${remote}.url`) ?? ''
}

/** git-config(1), as far as `git clone` writes it: the last of a name counts. */
function settingsOf(text: string): Map<string, string> {
  const settings = new Map<string, string>()
  let section = ''
  for (const line of text.split('\n').map((each) => each.trim())) {
    const [, name, part] = /^\[([\w.-]+)(?: "(.*)")?\]$/.exec(line) ?? []
    if (name !== undefined)
      section = part === undefined ? name.toLowerCase() : `${name.toLowerCase()}.${part}`
    const [, key, value = ''] = /^([A-Za-z][\w-]*)\s*=\s*(.*)$/.exec(line) ?? []
    if (key !== undefined) settings.set(`${section}.${key.toLowerCase()}`, value.replace(/^"(.*)"$/, '$1'))
  }
  return settings
}

function withoutUser(text: string): string {
  const url = URL.parse(text)
  // An address of ssh needs its user.
  if (!url || !/^https?:$/.test(url.protocol)) return text
  url.username = ''
  url.password = ''
  return url.href
}

/** Empty for a file that cannot be read. */
function textOf(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return ''
  }
}
