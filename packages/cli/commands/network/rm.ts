import { isKind, messageOf } from '@gantry/errors'
import { type CommandContext, ExitError, type Flags } from '../../framework/command.ts'
import { confirm } from '../confirm.ts'

const ingressQuestion =
  'WARNING! Before removing the routing-mesh network, make sure all the nodes in your swarm run the same docker engine version. Otherwise, removal may not be effective and functionality of newly create ingress networks will be impaired.\nAre you sure you want to continue? [y/N] '

/** `network rm`: removes networks. */
export async function networkRm(
  context: CommandContext,
  args: readonly string[],
  flags: Flags,
): Promise<void> {
  const force = flags.bool('force')
  let failed = false
  for (const id of args) {
    try {
      if ((await isIngress(context, id)) && !(await confirm(context, ingressQuestion))) continue
      await context.client.call('NetworkDelete', { path: { id } })
      context.stdout.write(`${id}\n`)
    } catch (error) {
      if (force && isKind(error, 'NotFound')) continue
      context.stderr.write(`${messageOf(error)}\n`)
      failed = true
    }
  }
  if (failed) throw new ExitError(1, 'exit status 1')
}

/** Only a name can be the routing mesh of a swarm: it costs a request to find out. */
async function isIngress({ client }: CommandContext, id: string): Promise<boolean> {
  if (id !== 'ingress') return false
  try {
    return (await client.call('NetworkInspect', { path: { id } })).Ingress === true
  } catch {
    return false
  }
}
