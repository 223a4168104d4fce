/** `top` and `port`: what runs in a container and which of its ports are published. */
import type { PortMap } from '@gantry/api'
import { naturalOrder } from '../format/natural-order.ts'
import { alignColumns } from '../format/tabwriter.ts'
import type { CommandRun } from '../framework/command.ts'
import { parseGoUint } from '../options/go-numbers.ts'

/** `top`: the processes of a container, as the engine's ps shows them. */
export const top: CommandRun = async (context, [id = '', ...psArguments]) => {
  const { Titles = [], Processes = [] } = await context.client.call('ContainerTop', {
    path: { id },
    query: psArguments.length > 0 ? { ps_args: psArguments.join(' ') } : {},
  })
  const rows = [Titles ?? [], ...(Processes ?? [])]
  const text = rows.map((row) => `${row.join('\t')}\n`).join('')
  context.stdout.write(alignColumns(text, { minimum: 20, padding: 3 }))
}

/** `port`: where the ports of a container are published, or one of them. */
export const port: CommandRun = async (context, [id = '', wanted]) => {
  const { NetworkSettings } = await context.client.call('ContainerInspect', { path: { id } })
  const ports: PortMap = NetworkSettings?.Ports ?? {}
  const lines = wanted === undefined ? allPorts(ports) : onePort(ports, wanted, id)
  context.stdout.write(
    lines
      .sort(naturalOrder)
      .map((line) => `${line}\n`)
      .join(''),
  )
}

const allPorts = (ports: PortMap): string[] =>
  Object.entries(ports).flatMap(([name, bindings]) =>
    (bindings ?? []).map((binding) => `${name} -> ${hostSide(binding)}`),
  )

function onePort(ports: PortMap, wanted: string, id: string): string[] {
  const [, number = '', protocol] = /^([^/]*)\/?(.*)$/s.exec(wanted) ?? []
  checkPort(number)
  const bindings = ports[`${number}/${protocol || 'tcp'}`]
  if (!bindings?.length) throw new Error(`Error: No public port '${wanted}' published for ${id}`)
  return bindings.map(hostSide)
}

function checkPort(text: string): void {
  try {
    parseGoUint(text, 16, 10)
  } catch (error) {
    throw new Error(`Error: invalid port (${text}): ${(error as Error).message}`)
  }
}

function hostSide({ HostIp = '', HostPort = '' }: { HostIp?: string; HostPort?: string }): string {
  return `${HostIp.includes(':') ? `[${HostIp}]` : HostIp}:${HostPort}`
}
