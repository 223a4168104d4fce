import type { SystemVersion } from '@gantry/api'
import { parseJson, typed } from '../../format/go/json.ts'
import { versionType } from '../../format/schemas/index.ts'
import { alignColumns } from '../../format/tabwriter.ts'
import { Template, TemplateError } from '../../format/template/index.ts'
import { ansic, parseTime } from '../../format/time.ts'
import { type CommandContext, ExitError, type Flags } from '../../framework/command.ts'
import { clientVersion } from './client-version.ts'

/** Docker's layout, without the lines that say nothing. */
const layout = `{{with .Client -}}
Client:
 Version:\t{{.Version}}
{{- if .APIVersion}}
 API version:\t{{.APIVersion}}{{if ne .APIVersion .DefaultAPIVersion}} (downgraded from {{.DefaultAPIVersion}}){{end}}
{{- end}}
{{- if .GoVersion}}
 Go version:\t{{.GoVersion}}
{{- end}}
{{- if .GitCommit}}
 Git commit:\t{{.GitCommit}}
{{- end}}
{{- if .BuildTime}}
 Built:\t{{.BuildTime}}
{{- end}}
 OS/Arch:\t{{.Os}}/{{.Arch}}
 Context:\t{{.Context}}
{{- end}}

{{- if ne .Server nil}}{{with .Server}}

Server:{{if ne .Platform.Name ""}} {{.Platform.Name}}{{end}}
 {{- range $component := .Components}}
 {{$component.Name}}:
  Version:\t{{.Version}}
  {{- if eq $component.Name "Engine" }}
  API version:\t{{index .Details "ApiVersion"}} (minimum version {{index .Details "MinAPIVersion"}})
  {{- with index .Details "GoVersion"}}
  Go version:\t{{.}}
  {{- end}}
  {{- with index .Details "GitCommit"}}
  Git commit:\t{{.}}
  {{- end}}
  {{- with index .Details "BuildTime"}}
  Built:\t{{.}}
  {{- end}}
  OS/Arch:\t{{index .Details "Os"}}/{{index .Details "Arch"}}
  Experimental:\t{{index .Details "Experimental"}}
  {{- else }}
  {{- range $key, $value := .Details}}
  {{$key}}:\t{{$value}}
   {{- end}}
  {{- end}}
 {{- end}}
 {{- end}}{{- end}}`

/** `version`: the versions of the command line and of the engine. The former also when the engine does not answer. */
export async function version(
  context: CommandContext,
  _args: readonly string[],
  flags: Flags,
): Promise<void> {
  const template = templateFor(flags.string('format'))
  const { server, problem } = await serverVersion(context)
  const apiVersion = server ? await context.client.apiVersion() : undefined
  const client = clientVersion(context, apiVersion)
  const json = JSON.stringify({
    Client: { ApiVersion: client.DefaultAPIVersion, ...client },
    Server: server && withEngine(server),
  })
  try {
    const text = template.run(typed(versionType(), parseJson(json)))
    context.stdout.write(`${alignColumns(text, { minimum: 20, padding: 1 })}\n`)
  } catch (error) {
    if (!(error instanceof TemplateError)) throw error
    context.stdout.write(`${error.written}\n`)
    throw problem ?? new ExitError(1, error.message)
  }
  if (problem) throw problem
}

function templateFor(format: string): Template {
  try {
    return new Template(format === '' ? layout : format === 'json' ? '{{json .}}' : format, 'version')
  } catch (error) {
    if (error instanceof TemplateError) throw new ExitError(64, `template parsing error: ${error.message}`)
    throw error
  }
}

async function serverVersion({
  client,
}: CommandContext): Promise<{ server?: SystemVersion; problem?: unknown }> {
  try {
    return { server: await client.call('SystemVersion') }
  } catch (problem) {
    return { problem }
  }
}

/** The engine as one of its components, if it does not say so itself. */
function withEngine(server: SystemVersion): SystemVersion {
  const components = server.Components ?? []
  const engine = components.find(({ Name: name }) => name === 'Engine')
  if (engine) {
    const details = engine.Details as Record<string, string> | undefined
    if (details?.BuildTime) details.BuildTime = readableTime(details.BuildTime)
    return server
  }
  const details = {
    ApiVersion: server.ApiVersion,
    MinAPIVersion: server.MinAPIVersion,
    GitCommit: server.GitCommit,
    GoVersion: server.GoVersion,
    Os: server.Os,
    Arch: server.Arch,
    BuildTime: readableTime(server.BuildTime ?? ''),
    Experimental: String(server.Experimental ?? false),
  }
  const added = { Name: 'Engine', Version: server.Version ?? '', Details: details }
  return { ...server, Components: [...components, added] } as SystemVersion
}

function readableTime(text: string): string {
  const moment = parseTime(text)
  return moment ? ansic(moment) : text
}
