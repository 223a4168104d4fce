import { readFileSync } from 'node:fs'
import { rotationSteps } from '@gantry/runtime'

/** Every step at which a test can make the engine fail or die, in the order in which a container passes them. */
export const containerFaultPoints = [
  'container.create.volumes',
  'container.create.directories',
  'container.create.inserted',
  'container.start.recorded',
  'container.start.network',
  'container.start.volumes',
  'container.start.files',
  'container.start.spec',
  'container.start.task',
  'container.start.attached',
  'container.start.started',
  'container.start.running',
  'container.exit.seen',
  'container.exit.recorded',
  'container.exit.deleted',
  'container.exit.network',
  'container.exit.volumes',
  'container.pause.frozen',
  'container.unpause.thawed',
  'container.rename.recorded',
  'container.update.recorded',
  'container.update.applied',
  'container.health.unhealthy',
  'container.stop.signalled',
  'container.stop.killed',
  'container.stop.stopped',
  'container.restart.stopped',
  'container.remove.recorded',
  'container.remove.directories',
  'container.remove.volumes',
  'container.remove.deleted',
  'exec.start.prepared',
  'exec.start.started',
  'exec.exit.seen',
] as const

/** The same for images on their way in and out. */
export const imageFaultPoints = [
  'image.pull.manifest',
  'image.pull.download',
  'image.pull.placed',
  'image.pull.layers',
  'image.pull.registered',
  'image.push.upload',
  'image.push.blob',
  'image.push.layers',
  'image.push.manifest',
] as const

export type ImageFaultPoint = (typeof imageFaultPoints)[number]

/** The same for builds. */
export const buildFaultPoints = [
  'build.context.received',
  'build.snapshot.mounted',
  'build.run.started',
  'build.layer.packed',
  'build.layer.stored',
  'build.cache.recorded',
  'build.image.published',
] as const

export type BuildFaultPoint = (typeof buildFaultPoints)[number]

/** The same for copying into a container and for a commit. */
export const fileFaultPoints = [
  'container.extract.mounted',
  'container.extract.unpacked',
  'container.commit.paused',
  'container.commit.packed',
  'container.commit.stored',
] as const

export type ContainerFaultPoint = (typeof containerFaultPoints | typeof fileFaultPoints)[number]

/** Those that a container passes only when its log is rotated. */
export const logFaultPoints = rotationSteps
export type LogFaultPoint = (typeof logFaultPoints)[number]

/** The same for networks of a running container. */
export const networkFaultPoints = [
  'network.connect.wired',
  'network.connect.recorded',
  'network.disconnect.unwired',
  'network.disconnect.recorded',
] as const
export type NetworkFaultPoint = (typeof networkFaultPoints)[number]

/** Called at each step; what it throws is a failure of that step. */
export type FaultPoint = (
  point: BuildFaultPoint | ContainerFaultPoint | ImageFaultPoint | LogFaultPoint | NetworkFaultPoint,
) => void

const points: readonly string[] = [
  ...buildFaultPoints,
  ...containerFaultPoints,
  ...fileFaultPoints,
  ...imageFaultPoints,
  ...logFaultPoints,
  ...networkFaultPoints,
]

/**
 * What to do at fault points, by `GANTRY_FAULT=<point>:crash|fail`: `crash` kills the daemon with SIGKILL at that point,
 * `fail` throws there. With `GANTRY_FAULT=@<file>` the file says so, and is read at every point: what it holds may change
 * while the daemon runs, and nothing happens while it is empty or absent. Without the variable, a function that does
 * nothing.
 */
export function faultsFromEnvironment(environment: NodeJS.ProcessEnv): FaultPoint {
  const wish = environment.GANTRY_FAULT
  if (!wish) return () => {}
  if (wish.startsWith('@')) return (reached) => meet(reached, readWish(wish.slice(1)))
  const fault = parseFault(wish)
  return (reached) => meet(reached, fault)
}

interface Fault {
  point: string
  action: 'crash' | 'fail'
}

function readWish(file: string): Fault | null {
  try {
    return parseFault(readFileSync(file, 'utf8'))
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null
    throw error
  }
}

function parseFault(wish: string): Fault | null {
  if (wish === '') return null
  const [point = '', action] = wish.split(':')
  if (!points.includes(point) || (action !== 'crash' && action !== 'fail'))
    throw new Error(`GANTRY_FAULT: not a fault point and action: ${wish}`)
  return { point, action }
}

function meet(reached: string, fault: Fault | null): void {
  if (reached !== fault?.point) return
  if (fault.action === 'crash') process.kill(process.pid, 'SIGKILL')
  throw new Error(`fault injected at ${reached}`)
}
