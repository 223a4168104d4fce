/** EXPOSE: `80`, `53/udp`, `8000-8010/tcp`. */
import { DockerfileProblem } from '@gantry/dockerfile'

const protocols = ['tcp', 'udp', 'sctp']

/** The set of ports as an image's configuration has it: one key a port. Throws DockerfileProblem. */
export function exposedPorts(words: readonly string[]): Record<string, Record<string, never>> {
  const ports: Record<string, Record<string, never>> = {}
  for (const word of words) {
    const { first, last, protocol } = parsePort(word)
    for (let port = first; port <= last; port++) ports[`${port}/${protocol}`] = {}
  }
  return ports
}

function parsePort(word: string): { first: number; last: number; protocol: string } {
  // `ip:host:container` is accepted: only the container's part counts.
  const [range = '', protocol = 'tcp', ...rest] = (word.split(':').at(-1) ?? '').split('/')
  const [, from, to = from] = /^(\d{1,5})(?:-(\d{1,5}))?$/.exec(range) ?? []
  if (!protocols.includes(protocol.toLowerCase()) || rest.length > 0)
    throw new DockerfileProblem(`invalid proto: ${protocol}`)
  const [first, last] = [Number(from), Number(to)]
  if (from === undefined || first < 1 || last > 65_535 || last < first)
    throw new DockerfileProblem(`invalid containerPort: ${word}`)
  return { first, last, protocol: protocol.toLowerCase() }
}
