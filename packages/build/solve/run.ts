/** RUN. */
import { posix } from 'node:path'
import { GantryError } from '@gantry/errors'
import type { FileTree, PreparedMount, RunRequest, RunStep, Snapshot } from '../contracts.ts'
import { StepFailure } from '../step-failure.ts'
import { contentOf, knownParts, runParts } from './key.ts'
import { isBorrowed, openOrigin } from './origins.ts'
import type { Prepared, SolveSession } from './solver.ts'

type Mount = RunStep['mounts'][number]

/** Reads what is mounted, for the key; the process runs when the key is not in the cache. */
export async function prepareRun(session: SolveSession, step: RunStep, input: Snapshot): Promise<Prepared> {
  const { hosts } = session.run.request
  const readsFiles = step.mounts.some(({ origin }) => origin !== undefined)
  return {
    parts: readsFiles
      ? runParts(step, contentOf(input), await mountedFiles(session, step), hosts)
      : knownParts(step, input, hosts),
    borrows: step.mounts.some(borrows) || session.run.request.debug !== undefined,
    execute: (signal, output, failed) => execute(session, step, input, { signal, output, failed }),
  }
}

/** Digests of what is mounted, by target. */
async function mountedFiles(session: SolveSession, step: RunStep): Promise<Map<string, string>> {
  await using stack = new AsyncDisposableStack()
  const digests = new Map<string, string>()
  for (const mount of step.mounts) {
    if (!mount.origin) continue
    const tree = await openOrigin(session, mount.origin, stack)
    digests.set(mount.target ?? '', await tree.digest({ include: [mount.source ?? '/'] }))
  }
  return digests
}

const borrows = ({ type, origin }: Mount): boolean =>
  type === 'secret' || type === 'ssh' || (origin !== undefined && isBorrowed(origin))

async function execute(
  session: SolveSession,
  step: RunStep,
  input: Snapshot,
  { signal, output, failed }: Pick<RunRequest, 'signal' | 'output'> & { failed: (error: string) => void },
): Promise<Snapshot> {
  const { snapshots, runner } = session.parts
  const { request } = session.run
  await using stack = new AsyncDisposableStack()
  const snapshot = stack.use(await snapshots.open(input))
  const variables = [...step.proxies]
  const mounts: PreparedMount[] = []
  for (const [index, mount] of step.mounts.entries())
    mounts.push(...(await prepareMount(session, mount, index, variables, stack, signal)))
  if (step.script) mounts.push(scriptFile(step.script))
  const exitCode = await runner.run({
    step,
    rootfs: snapshot.rootfs,
    mounts,
    variables,
    hosts: request.hosts,
    ...(request.shmSize !== undefined && { shmSize: request.shmSize }),
    ...(request.ulimits && { ulimits: request.ulimits }),
    ...(request.limits && { limits: request.limits }),
    signal,
    output,
    ...(request.debug && { debug: debugging(step, request.debug, failed) }),
  })
  signal.throwIfAborted()
  if (exitCode !== 0) throw new StepFailure(step.args, exitCode)
  return await snapshot.commit({ signal, mountPoints: mounts.map(({ target }) => target) })
}

/** The step is told to have failed before somebody looks at it. */
const debugging =
  (step: RunStep, tell: (shell: string) => void, failed: (error: string) => void): RunRequest['debug'] =>
  (exitCode, shell) => {
    failed(new StepFailure(step.args, exitCode).message)
    tell(shell)
  }

const scriptFile = ({ name, content }: NonNullable<RunStep['script']>): PreparedMount => ({
  type: 'file',
  content: Buffer.from(content),
  target: `/dev/pipes/${name}`,
  mode: 0o755,
  uid: 0,
  gid: 0,
})

/** `variables` takes what the mount is known by inside. */
async function prepareMount(
  session: SolveSession,
  mount: Mount,
  index: number,
  variables: string[],
  stack: AsyncDisposableStack,
  signal: AbortSignal,
): Promise<PreparedMount[]> {
  const { target = '', readonly } = mount
  switch (mount.type) {
    case 'tmpfs':
      return [{ type: 'tmpfs', target, ...(mount.size !== undefined && { size: mount.size }) }]
    case 'bind':
      return [{ type: 'bind', ...(await sourceOf(session, mount, stack)), target, readonly }]
    case 'cache': {
      const fill = (directory: string): Promise<void> => fillCache(session, mount, directory, stack, signal)
      const cache = stack.use(await session.parts.cacheMounts.open(mount, fill, signal))
      return [{ type: 'bind', source: cache.path, target, readonly }]
    }
    case 'secret':
      return secretMount(session, mount, variables)
    case 'ssh':
      return sshMount(session, mount, index, variables)
  }
}

/** What is mounted of an origin: `source` below its root, resolved inside of it by the runner. */
async function sourceOf(
  session: SolveSession,
  mount: Mount,
  stack: AsyncDisposableStack,
): Promise<Pick<Extract<PreparedMount, { type: 'bind' }>, 'source' | 'part'>> {
  const tree: FileTree | null = mount.origin ? await openOrigin(session, mount.origin, stack) : null
  if (!tree) throw new GantryError('InvalidParameter', `nothing to mount at ${mount.target}`)
  const { files, snapshots } = session.parts
  const path = mount.source ?? '/'
  if (tree.snapshot || mount.readonly) {
    const source = await files.resolve(tree.root, path)
    return { source, ...(tree.snapshot && { part: { of: tree.snapshot, path } }) }
  }
  // What the step writes goes with it: the tree is read by others, and kept for builds to come.
  const root = await stack.use(await snapshots.over(tree.root)).root()
  return { source: await files.resolve(root, path), part: { of: { tree: tree.root }, path } }
}

async function fillCache(
  session: SolveSession,
  mount: Mount,
  directory: string,
  stack: AsyncDisposableStack,
  signal: AbortSignal,
): Promise<void> {
  if (!mount.origin) return
  const tree = await openOrigin(session, mount.origin, stack)
  await session.parts.files.copy({
    from: tree.root,
    sources: [posix.join(mount.source ?? '/', '.')],
    to: directory,
    dest: '/',
    owner: null,
    unpack: false,
    parents: false,
    exclude: [],
    followLinks: false,
    signal,
  })
}

async function secretMount(
  session: SolveSession,
  mount: Mount,
  variables: string[],
): Promise<PreparedMount[]> {
  const id = mount.id ?? mount.source ?? posix.basename(mount.target ?? '')
  const content = await session.run.request.sources.secret(id)
  if (content === null) {
    if (mount.required) throw new GantryError('NotFound', `secret ${id}: not found`)
    return []
  }
  if (mount.env !== undefined) variables.push(`${mount.env}=${content}`)
  if (mount.env !== undefined && mount.target === undefined) return []
  const { uid = 0, gid = 0 } = mount
  const target = mount.target ?? `/run/secrets/${posix.basename(id)}`
  return [{ type: 'file', content, target, mode: Number.parseInt(mount.mode ?? '0400', 8), uid, gid }]
}

async function sshMount(
  session: SolveSession,
  mount: Mount,
  index: number,
  variables: string[],
): Promise<PreparedMount[]> {
  const id = mount.id ?? 'default'
  const source = await session.run.request.sources.ssh(id)
  if (source === null) {
    if (mount.required) throw new GantryError('NotFound', `unset ssh forward key ${id}`)
    return []
  }
  const { uid = 0, gid = 0 } = mount
  const target = mount.target ?? `/run/buildkit/ssh_agent.${index}`
  if (!variables.some((word) => word.startsWith('SSH_AUTH_SOCK='))) variables.push(`SSH_AUTH_SOCK=${target}`)
  return [{ type: 'socket', source, target, mode: Number.parseInt(mount.mode ?? '0600', 8), uid, gid }]
}
