import { messageOf } from '@gantry/errors'
import { parseJson, typed } from '../../format/go/json.ts'
import { infoType } from '../../format/schemas/index.ts'
import { Template, TemplateError } from '../../format/template/index.ts'
import { type CommandContext, ExitError, type Flags } from '../../framework/command.ts'
import { rawAnswer } from '../inspect-each.ts'
import { type ClientVersion, clientVersion } from './client-version.ts'
import { type EngineInfo, engineInfoLines } from './info-lines.ts'

interface ClientInfo extends ClientVersion {
  Debug: boolean
  Plugins: never[]
  Warnings: null
}

/** `system info`: the state of the engine and of the command line. */
export async function systemInfo(
  context: CommandContext,
  _args: readonly string[],
  flags: Flags,
): Promise<void> {
  const format = flags.string('format')
  const client: ClientInfo = {
    Debug: false,
    ...clientVersion(context),
    Plugins: [],
    Warnings: null,
  }
  if (format !== '') return custom(context, client, format)
  const { stdout, stderr } = context
  const heading = [
    'Client:',
    ...(client.Version ? [` Version:    ${client.Version}`] : []),
    ` Context:    ${client.Context}`,
    ` Debug Mode: ${client.Debug}`,
    '',
    'Server:',
  ]
  stdout.write(`${heading.join('\n')}\n`)
  const info = JSON.parse(await rawAnswer(context.client, 'SystemInfo', {})) as EngineInfo
  stdout.write(`${engineInfoLines(info).join('\n')}\n\n`)
  for (const warning of info.Warnings ?? []) stderr.write(`${warning}\n`)
}

async function custom(context: CommandContext, client: ClientInfo, format: string): Promise<void> {
  const template = templateFor(format)
  let engine = '{}'
  let problem: string | undefined
  if (needsEngine(template, client, format)) {
    try {
      engine = await rawAnswer(context.client, 'SystemInfo', {})
    } catch (error) {
      problem = messageOf(error)
      context.stderr.write(`${problem}\n`)
    }
  }
  const json = {
    ...(parseJson(engine) as object),
    ...(problem !== undefined && { ServerErrors: [problem] }),
    ClientInfo: client,
  }
  try {
    context.stdout.write(`${template.run(typed(infoType(), json))}\n`)
  } catch (error) {
    if (!(error instanceof TemplateError)) throw error
    context.stdout.write(`${error.written}\n`)
    throw new ExitError(1, error.message)
  }
}

function templateFor(format: string): Template {
  try {
    return new Template(format === 'json' ? '{{json .}}' : format)
  } catch (error) {
    if (error instanceof TemplateError) throw new ExitError(64, `template parsing error: ${error.message}`)
    throw error
  }
}

/** Whether the template asks for more than the command line knows by itself. */
function needsEngine(template: Template, client: ClientInfo, format: string): boolean {
  if (!/\.[a-zA-Z]/.test(format)) return true
  const type = infoType()
  if (type.kind !== 'struct') return true
  const own = { ...type, fields: type.fields.filter(({ name }) => name.startsWith('Client')) }
  try {
    template.run(typed(own, { ClientInfo: client }))
    return false
  } catch (error) {
    if (error instanceof TemplateError) return true
    throw error
  }
}
