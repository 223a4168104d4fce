/** How a build is shown: `--progress`, or BUILDKIT_PROGRESS. */
import { silent } from '../format/silent.ts'
import type { Output } from '../framework/command.ts'
import { type BuildDisplay, PlainProgress } from './progress.ts'

export interface DisplayOptions {
  /** Of the flag; empty when it was not given. */
  progress: string
  quiet: boolean
  explain: boolean
  env: Readonly<Record<string, string | undefined>>
}

/** Nothing is shown but the last words of the step that failed. */
function quietly(output: Output): BuildDisplay {
  const hidden = new PlainProgress(silent, false)
  return { show: (event) => hidden.show(event), close: () => undefined, report: () => hidden.report(output) }
}

async function live(output: Output, env: DisplayOptions['env']): Promise<BuildDisplay> {
  const { TtyProgress } = await import('./progress-tty.ts')
  return new TtyProgress(output, !env.NO_COLOR)
}

/** Rejects with Error for a way that is not known, or that needs a terminal where there is none. */
export async function openDisplay(
  output: Output,
  { progress, quiet, explain, env }: DisplayOptions,
): Promise<BuildDisplay> {
  const mode = quiet ? 'quiet' : progress || env.BUILDKIT_PROGRESS || 'auto'
  switch (mode) {
    case 'quiet':
    case 'none':
      return quietly(output)
    case 'rawjson':
      return new (await import('./progress-rawjson.ts')).RawJsonProgress(output)
    case 'plain':
      return new PlainProgress(output, explain)
    case 'tty':
      if (!output.isTTY) throw new Error('--progress=tty needs a terminal: failed to get console')
      return await live(output, env)
    case 'auto':
      // An explanation is more than the live view has room for.
      return output.isTTY && !explain && env.TERM !== 'dumb'
        ? await live(output, env)
        : new PlainProgress(output, explain)
    default:
      throw new Error(
        `invalid argument ${JSON.stringify(mode)} for "--progress" flag: choose auto, plain, tty, rawjson or quiet`,
      )
  }
}
