import { GantryError } from '@gantry/errors'

/** A process of RUN that ended with another code than 0. */
export class StepFailure extends GantryError {
  readonly args: readonly string[]
  readonly exitCode: number

  constructor(args: readonly string[], exitCode: number) {
    const command = JSON.stringify(args.join(' '))
    super('InvalidParameter', `process ${command} did not complete successfully: exit code: ${exitCode}`)
    this.args = args
    this.exitCode = exitCode
  }
}
