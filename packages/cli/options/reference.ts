/** Names of images as the command line sees them: checked early, and shown in the short form people write. */

/** An image's name in its short form, and its tag or digest. */
export interface ImageReference {
  /** `busybox`, `user/app`, `registry:5000/app`. */
  name: string
  /** `docker.io/library/busybox`. */
  fullName: string
  tag?: string
  digest?: string
}

const component = '[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*'
const pathPattern = new RegExp(`^${component}(?:/${component})*$`)
const label = '(?:[a-zA-Z0-9]|[a-zA-Z0-9][a-zA-Z0-9-]*[a-zA-Z0-9])'
const domainPattern = new RegExp(`^(?:${label}(?:\\.${label})*|\\[[a-fA-F0-9:]+\\])(?::[0-9]+)?$`)
const tagPattern = /^[\w][\w.-]{0,127}$/
const digestPattern = /^[a-z][a-z0-9]*(?:[-_+.][a-z][a-z0-9]*)*:[0-9a-fA-F]{32,}$/i
const idPattern = /^[a-f0-9]{64}$/

/** Reads a reference; undefined for a whole image id, which names no repository. Throws RangeError. */
export function parseReference(text: string): ImageReference | undefined {
  if (idPattern.test(text)) return undefined
  const [, rest = '', digest] = /^([^@]*)(?:@(.*))?$/s.exec(text) ?? []
  const slash = rest.lastIndexOf('/')
  const colon = rest.indexOf(':', slash + 1)
  const full = colon < 0 ? rest : rest.slice(0, colon)
  const tag = colon < 0 ? undefined : rest.slice(colon + 1)
  const { domain, path } = splitDomain(full)
  const official = domain === 'docker.io' && !path.includes('/')
  if (path !== path.toLowerCase()) {
    const whole = domain === 'docker.io' ? `${official ? 'library/' : ''}${path}` : path
    throw new RangeError(`invalid reference format: repository name (${whole}) must be lowercase`)
  }
  const valid =
    domainPattern.test(domain) &&
    pathPattern.test(path) &&
    (tag === undefined || tagPattern.test(tag)) &&
    (digest === undefined || digestPattern.test(digest)) &&
    path.length + domain.length < 255
  if (!valid) throw new RangeError('invalid reference format')
  return {
    fullName: `${domain}/${official ? 'library/' : ''}${path}`,
    name: domain === 'docker.io' ? path.replace(/^library\/(?=[^/]+$)/, '') : `${domain}/${path}`,
    ...(tag !== undefined && { tag }),
    ...(digest !== undefined && { digest }),
  }
}

/** The part before the first slash is a host if it looks like one. */
function splitDomain(name: string): { domain: string; path: string } {
  const slash = name.indexOf('/')
  const first = name.slice(0, Math.max(slash, 0))
  const isHost = /[.:]/.test(first) || first === 'localhost' || first.toLowerCase() !== first
  if (slash < 0 || !isHost) return { domain: 'docker.io', path: name }
  const domain = first === 'index.docker.io' ? 'docker.io' : first
  return { domain, path: name.slice(slash + 1) }
}

/** `busybox:latest`: the reference as people write it, with the tag it would have by default. */
export function familiarName({ name, tag, digest }: Omit<ImageReference, 'fullName'>): string {
  if (digest !== undefined) return `${name}${tag === undefined ? '' : `:${tag}`}@${digest}`
  return `${name}:${tag ?? 'latest'}`
}
