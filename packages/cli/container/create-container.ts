import type { ContainerCreateResponse } from '@gantry/api'
import { ApiError } from '@gantry/client'
import type { CommandContext, Flags } from '../framework/command.ts'
import { fullPlatform } from '../options/platform.ts'
import { familiarName, parseReference } from '../options/reference.ts'
import { terminalSize } from '../streams/terminal.ts'
import { CidFile } from './cid-file.ts'
import type { CreateBody } from './create-request.ts'

/**
 * Creates a container as the flags of `run` and `create` say; an image that is missing is pulled first, unless `--pull`
 * forbids. Warnings go to stderr. Returns the container's id.
 */
export async function createContainer(
  context: CommandContext,
  body: CreateBody,
  flags: Flags,
): Promise<string> {
  using cidFile = new CidFile(flags.string('cidfile'))
  const image = body.Image ?? ''
  const reference = parseReference(image)
  const platform = flags.string('platform') && fullPlatform(flags.string('platform'))
  const policy = flags.string('pull')
  const pull = async () => {
    const { pullImage } = await import('./pull-image.ts')
    await pullImage(context, image, { platform, quiet: flags.bool('quiet') })
  }
  if (policy === 'always') await pull()
  const { rows = 0, columns = 0 } = terminalSize(context.stdout) ?? {}
  const request = {
    query: { ...(flags.string('name') && { name: flags.string('name') }), ...(platform && { platform }) },
    body: { ...body, HostConfig: { ...body.HostConfig, ConsoleSize: [rows, columns] } },
  }
  const create = () => context.client.call('ContainerCreate', request)
  const created = await create().catch(async (error: unknown): Promise<ContainerCreateResponse> => {
    if (policy !== 'missing' || reference === undefined || !isMissingImage(error)) throw error
    if (!flags.bool('quiet'))
      context.stderr.write(`Unable to find image '${familiarName(reference)}' locally\n`)
    await pull()
    return create()
  })
  for (const warning of [...(created.Warnings ?? []), ...localDnsWarning(body.HostConfig.Dns ?? [])]) {
    context.stderr.write(`WARNING: ${warning}\n`)
  }
  cidFile.write(created.Id)
  return created.Id
}

/** Throws for a value of `--pull` that is none. */
export function checkPullPolicy(policy: string): void {
  if (!['always', 'missing', 'never'].includes(policy)) {
    throw new RangeError(`invalid pull option: '${policy}': must be one of "always", "missing" or "never"`)
  }
}

function isMissingImage(error: unknown): boolean {
  return error instanceof ApiError && error.status === 404 && /no such image/i.test(error.message)
}

function localDnsWarning(servers: readonly string[]): string[] {
  const local = servers.find((server) => /^(127\.|::1$)/.test(server))
  return local === undefined ? [] : [`Localhost DNS (${local}) may fail in containers.`]
}
