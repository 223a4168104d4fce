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
  'image.push.layers',
  'image.push.manifest',
] as const

export type ImageFaultPoint = (typeof imageFaultPoints)[number]

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
  point: ContainerFaultPoint | ImageFaultPoint | LogFaultPoint | NetworkFaultPoint,
) => void

/**
 * Reads `GANTRY_FAULT=<point>:crash|fail` once: `crash` kills the daemon with SIGKILL at that point, `fail` throws there.
 * Without the variable, a function that does nothing.
 */
export function faultsFromEnvironment(environment: NodeJS.ProcessEnv): FaultPoint {
  const wish = environment.GANTRY_FAULT
  if (!wish) return () => {}
  const [point, action] = wish.split(':')
  const points: readonly string[] = [
    ...containerFaultPoints,
    ...fileFaultPoints,
    ...imageFaultPoints,
    ...logFaultPoints,
    ...networkFaultPoints,
  ]
  if (!points.some((known) => known === point) || (action !== 'crash' && action !== 'fail')) {
    throw new Error(`GANTRY_FAULT: not a fault point and action: ${wish}`)
  }
  return (reached) => {
    if (reached !== point) return
    if (action === 'crash') process.kill(process.pid, 'SIGKILL')
    throw new Error(`fault injected at ${point}`)
  }
}
