/** `top` and `port`: what runs in a container and which of its ports are published. */
import type { PortMap } from '@gantry/api'
import { alignColumns } from '../format/tabwriter.ts'
import type { CommandRun } from '../framework/command.ts'
import { parseGoUint } from '../options/go-numbers.ts'

export const top: CommandRun = async (context, [id = '', ...psArguments]) => {
  const { Titles = [], Processes = [] } = await context.client.call('ContainerTop', {
    path: { id },
    query: psArguments.length > 0 ? { ps_args: psArguments.join(' ') } : {},
  })
  const rows = [Titles ?? [], ...(Processes ?? [])]
  const text = rows.map((row) => `${row.join('\t')}\n`).join('')
  context.stdout.write(alignColumns(text, { minimum: 20, padding: 3 }))
}

export const port: CommandRun = async (context, [id = '', wanted]) => {
  const { NetworkSettings } = await context.client.call('ContainerInspect', { path: { id } })
  const ports: PortMap = NetworkSettings?.Ports ?? {}
  if (wanted === undefined) {
    const lines = Object.entries(ports).flatMap(([containerPort, bindings]) =>
      (bindings ?? []).map((binding) => `${containerPort} -> ${hostSide(binding)}\n`),
    )
    context.stdout.write(lines.sort().join(''))
    return
  }
  const [number = '', protocol = 'tcp'] = wanted.split('/')
  checkPort(number)
  const bindings = ports[`${number}/${protocol}`]
  if (!bindings) throw new Error(`Error: No public port '${wanted}' published for ${id}`)
  context.stdout.write(bindings.map((binding) => `${hostSide(binding)}\n`).join(''))
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
