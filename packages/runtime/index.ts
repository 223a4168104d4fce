export type * from './contracts.ts'
export { ProcessStartError, translateRuntimeError } from './errors.ts'
export {
  endsLine,
  type Instant,
  instantAt,
  isBefore,
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
export type { OciRuntimeKind, RuntimeProgram } from './oci-runtime.ts'
export type * from './oci-spec.ts'
export { type ProbedProgram, type ProbeOptions, type ProbeResult, probeRuntimes } from './probe/probe.ts'
export { type ConmonRuntime, createRuntime, type RuntimeOptions } from './runtime.ts'
