/**
 * Steps as operations of BuildKit's low-level definition, in the JSON of its protocol (solver/pb/ops.proto): what reads provenance
 * reads it with these types. Indexes count the operation's inputs; -1 is nothing.
 */
import { posix } from 'node:path'
import type { CopyStep, DirectoryStep, Origin, RunStep } from '@gantry/build'
import { predefinedArguments } from '@gantry/dockerfile'
import { withoutUser } from '../urls.ts'

type Mount = RunStep['mounts'][number]

/** What a secret or an agent is asked for by. */
export function idOf({ type, id, source, target = '' }: Mount): string {
  if (type === 'ssh') return id ?? 'default'
  return id ?? source ?? posix.basename(target)
}

/** The value of an argument: proxies' may hold a password, which is nobody's business. */
export const withoutProxyUser = (name: string, value: string): string =>
  predefinedArguments.includes(name) ? withoutUser(value) : value

/** Which input of the operation that is; -1 for an empty file system. */
export type InputOf<T> = (input: T) => number

/** MountType, NetMode and SecurityMode. */
const mountTypes = { bind: 0, secret: 1, ssh: 2, cache: 3, tmpfs: 4 }
const networks: Readonly<Record<string, number>> = { host: 1, none: 2 }
const securities = { sandbox: 0, insecure: 1 }

/** Leaves out what is zero or nothing, as the protocol's JSON does. */
const filled = (fields: Record<string, unknown>): object =>
  Object.fromEntries(
    Object.entries(fields).filter(([, value]) => ![undefined, '', 0, false].includes(value as never)),
  )

/** Files from elsewhere; those that the Dockerfile has itself are made. */
export function sourceOperation(origin: Exclude<Origin, { kind: 'snapshot' }>): object {
  if (origin.kind === 'documents')
    return {
      file: {
        actions: chained(
          origin.documents.map(({ name, content }) => ({
            mkfile: { path: `/${name}`, mode: 0o644, data: base64(content), timestamp: -1 },
          })),
          { base: -1, inputs: 0, others: () => -1 },
        ),
      },
    }
  const identifier = origin.kind === 'context' ? `local://${origin.name}` : withoutUser(origin.url)
  const checksum = origin.kind === 'context' ? undefined : origin.checksum
  const attribute = origin.kind === 'git' ? 'git.checksum' : 'http.checksum'
  return { source: { identifier, ...(checksum && { attrs: { [attribute]: checksum } }) } }
}

/** The values of secrets are not known here, and their names are the user's own words. */
export function runOperation(step: RunStep, base: number, inputOf: InputOf<Origin>): object {
  const { args, env, workingDir, user, mounts, network, security } = step
  const onlyVariable = ({ type, env: name, target }: Mount): boolean =>
    type === 'secret' && name !== undefined && target === undefined
  const variables = mounts.filter(({ type, env: name }) => type === 'secret' && name !== undefined)
  return {
    exec: {
      meta: filled({ args, env: env.map(variableOf), cwd: workingDir, user }),
      mounts: [
        filled({ input: base, dest: '/' }),
        ...mounts.filter((mount) => !onlyVariable(mount)).map((mount) => mountOf(mount, inputOf)),
      ],
      ...filled({ network: networks[network], security: securities[security] }),
      ...(variables.length > 0 && {
        secretenv: variables.map((mount) =>
          filled({ ID: idOf(mount), name: mount.env, optional: !mount.required }),
        ),
      }),
    },
  }
}

function variableOf(pair: string): string {
  const [name = ''] = pair.split('=', 1)
  return `${name}=${withoutProxyUser(name, pair.slice(name.length + 1))}`
}

function mountOf(mount: Mount, inputOf: InputOf<Origin>): object {
  const { type, target, source, origin, readonly, required, sharing, size, mode, uid, gid } = mount
  const permissions = { uid, gid, mode: mode && Number.parseInt(mode, 8) }
  const sharings = { shared: 0, private: 1, locked: 2 }
  return filled({
    input: origin ? inputOf(origin) : -1,
    selector: type === 'bind' ? source : undefined,
    dest: target ?? (type === 'secret' ? `/run/secrets/${posix.basename(idOf(mount))}` : undefined),
    output: -1,
    readonly,
    mountType: mountTypes[type],
    ...(type === 'tmpfs' && { TmpfsOpt: filled({ size }) }),
    ...(type === 'cache' && {
      cacheOpt: filled({ ID: mount.id ?? target, sharing: sharings[sharing ?? 'shared'] }),
    }),
    ...(type === 'secret' && { secretOpt: filled({ ID: idOf(mount), ...permissions, optional: !required }) }),
    ...(type === 'ssh' && { SSHOpt: filled({ ID: idOf(mount), ...permissions, optional: !required }) }),
  })
}

/** An action for each source; each goes on from what the one before it made. */
export function copyOperation(
  step: CopyStep,
  base: number,
  inputs: number,
  inputOf: InputOf<Origin>,
): object {
  const { copies, dest, chown, chmod, exclude } = step
  const mode = chmod && /^[0-7]+$/.test(chmod) ? Number.parseInt(chmod, 8) : -1
  const all = copies.flatMap(({ origin, sources, unpack }) =>
    sources.map((source) => ({ origin, source, unpack })),
  )
  const actions = all.map(({ source, unpack }) => ({
    copy: {
      src: source.startsWith('/') ? source : `/${source}`,
      dest,
      ...(chown && { owner: ownerOf(chown, base) }),
      mode,
      ...(chmod && mode === -1 && { modeStr: chmod }),
      followSymlink: true,
      dirCopyContents: true,
      ...(unpack && { attemptUnpackDockerCompatibility: true }),
      createDestPath: true,
      allowWildcard: true,
      allowEmptyWildcard: true,
      ...(exclude.length > 0 && { excludePatterns: exclude }),
      timestamp: -1,
    },
  }))
  const others = (index: number): number => (all[index] ? inputOf(all[index].origin) : -1)
  return { file: { actions: chained(actions, { base: step.link ? -1 : base, inputs, others }) } }
}

/** Makes a directory with its parents; `base` is as for the others. */
export const directoryOperation = ({ path }: DirectoryStep, base: number): object => ({
  file: {
    actions: chained([{ mkdir: { path, mode: 0o755, makeParents: true, timestamp: -1 } }], {
      base,
      inputs: 1,
      others: () => -1,
    }),
  },
})

function chained(
  actions: readonly object[],
  { base, inputs, others }: { base: number; inputs: number; others: (index: number) => number },
): object[] {
  return actions.map((Action, index) => ({
    // Results within the operation are counted on from its inputs.
    input: index === 0 ? base : inputs + index - 1,
    secondaryInput: others(index),
    output: index === actions.length - 1 ? 0 : -1,
    Action,
  }))
}

function ownerOf(chown: string, base: number): object {
  const [user = '', group = ''] = chown.split(':')
  const named = (name: string): object => ({
    User: /^\d+$/.test(name) ? filled({ byId: Number(name) }) : { byName: filled({ name, input: base }) },
  })
  return { ...(user && { user: named(user) }), ...(group && { group: named(group) }) }
}

const base64 = (text: string): string => Buffer.from(text).toString('base64')
