/** What is known of a build as a whole, for its provenance. */
import { randomUUID } from 'node:crypto'
import type { EngineBuildRequest } from '../contracts.ts'
import { withoutProxyUser } from './attest/operations.ts'
import type { BuildFacts } from './attest/provenance.ts'
import type { BuildInput } from './inputs.ts'
import { withoutUser } from './urls.ts'

/** The build has just ended. */
export function factsOf(
  request: EngineBuildRequest,
  { dockerfile, source }: Pick<BuildInput, 'dockerfile' | 'source'>,
  started: Date,
  { materials, locals }: Pick<BuildFacts, 'materials' | 'locals'>,
): BuildFacts {
  const { args, labels, target, noCache, network, hosts, repository = {} } = request
  return {
    // 24 hexadecimal digits; of these the runtime has some in store.
    id: randomUUID().replaceAll('-', '').slice(0, 24),
    started,
    finished: new Date(),
    dockerfileName: request.dockerfile,
    dockerfile,
    args: {
      ...Object.fromEntries(
        [...args].map(([name, value]) => [`build-arg:${name}`, withoutProxyUser(name, value)]),
      ),
      ...Object.fromEntries(Object.entries(labels).map(([name, value]) => [`label:${name}`, value])),
      ...(target && { target }),
      ...(noCache && { 'no-cache': '' }),
      ...(network && network !== 'default' && { 'force-network-mode': network }),
      ...(hosts.length > 0 && { 'add-hosts': hosts.join(',') }),
    },
    materials: source ? [source, ...materials] : materials,
    ...(source && { source }),
    repository: Object.fromEntries(
      Object.entries(repository).map(([name, value]) => [
        name,
        name === 'source' ? withoutUser(value) : value,
      ]),
    ),
    locals: [...(source ? [] : ['context', 'dockerfile']), ...locals],
  }
}
