/** What flags of `build` say to the engine. */
import { messageOf } from '@gantry/errors'
import { type CommandContext, ExitError, type Flags } from '../framework/command.ts'
import { parseExtraHost } from '../options/hosts.ts'
import { parseReference } from '../options/reference.ts'
import { parseUlimit } from '../options/ulimit.ts'

/** Whether nothing but the image's id is to be shown. */
export const isQuiet = (flags: Flags): boolean => flags.bool('quiet') || flags.string('progress') === 'quiet'

/** The query of `POST /build`, but for contexts, outputs and caches. Throws ExitError for names that are none. */
export function buildQuery(
  flags: Flags,
  env: CommandContext['env'],
): Record<string, string | boolean | string[]> {
  for (const tag of flags.list('tag')) checkTag(tag)
  const epoch = env.SOURCE_DATE_EPOCH
  const args = Object.fromEntries([
    ...(epoch ? [['SOURCE_DATE_EPOCH', epoch] as const] : []),
    ...flags.list('build-arg').map((text): [string, string | null] => {
      const equals = text.indexOf('=')
      return equals < 0 ? [text, env[text] ?? null] : [text.slice(0, equals), text.slice(equals + 1)]
    }),
  ])
  const ulimits = flags.list('ulimit').map(parseUlimit)
  const text = (name: string, parameter: string): Record<string, string> =>
    flags.changed(name) ? { [parameter]: flags.string(name) } : {}
  const bytes = (name: string, parameter: string): Record<string, string> =>
    flags.changed(name) ? { [parameter]: String(flags.bytes(name)) } : {}
  const number = (name: string, parameter: string): Record<string, string> =>
    flags.changed(name) ? { [parameter]: String(flags.number(name)) } : {}
  return {
    events: true,
    ...(isQuiet(flags) && { q: true }),
    ...(flags.changed('metadata-file') && { metadata: true }),
    nocache: flags.bool('no-cache'),
    ...(flags.changed('no-cache-filter') && { 'no-cache-filter': flags.list('no-cache-filter') }),
    pull: flags.bool('pull'),
    ...(flags.bool('squash') && { squash: true }),
    t: flags.list('tag'),
    extrahosts: flags.list('add-host').map(parseExtraHost),
    buildargs: JSON.stringify(args),
    labels: JSON.stringify(flags.map('label')),
    ...(ulimits.length > 0 && { ulimits: JSON.stringify(ulimits) }),
    ...text('target', 'target'),
    ...(flags.changed('platform') && { platform: flags.list('platform').join(',') }),
    ...text('network', 'networkmode'),
    ...bytes('memory', 'memory'),
    ...bytes('memory-swap', 'memswap'),
    ...bytes('shm-size', 'shmsize'),
    ...number('cpu-shares', 'cpushares'),
    ...number('cpu-period', 'cpuperiod'),
    ...number('cpu-quota', 'cpuquota'),
    ...text('cpuset-cpus', 'cpusetcpus'),
    ...text('cpuset-mems', 'cpusetmems'),
    ...text('cgroup-parent', 'cgroupparent'),
    ...text('isolation', 'isolation'),
    ...(flags.changed('security-opt') && { securityopt: JSON.stringify(flags.list('security-opt')) }),
  }
}

/** Throws ExitError for a name that is none. */
function checkTag(tag: string): void {
  const refused = (why: string): ExitError =>
    new ExitError(125, `invalid argument ${JSON.stringify(tag)} for "-t, --tag" flag: ${why}`)
  let reference: ReturnType<typeof parseReference>
  try {
    reference = parseReference(tag)
  } catch (error) {
    throw refused(messageOf(error))
  }
  if (!reference) throw refused('invalid reference format')
}
