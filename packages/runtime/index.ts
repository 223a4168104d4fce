export type * from './contracts.ts'
export { ProcessStartError } from './errors.ts'
export {
  endsLine,
  type Instant,
  instantAt,
  isStderr,
  RecordScanner,
  textOffset,
  timestampOf,
} from './logs/cri.ts'
export { LogFiles, type LogState } from './logs/files.ts'
export { readKeptOutput, requireWhole } from './logs/kept-output.ts'
export { endOfLog, holdsPlace, type PlacedBlock, readLog, readLogFrom } from './logs/read-log.ts'
export {
  LogRotation,
  type Reopen,
  type RotationFaults,
  type RotationLimits,
  rotationSteps,
} from './logs/rotate.ts'
export { SizeWatch } from './logs/size-watch.ts'
export type { RuntimeProgram } from './oci-runtime.ts'
export type * from './oci-spec.ts'
export { type ProbedProgram, probeRuntimes } from './probe/probe.ts'
export { createRuntime } from './runtime.ts'
