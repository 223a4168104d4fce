/** `RUN --device=…`: a device of the machine, by its name in the Container Device Interface. */
import { DockerfileProblem } from './problem.ts'
import { suggestion } from './suggest.ts'

export interface RunDevice {
  name: string
  /** Without the device the step cannot run; otherwise it does without. */
  required: boolean
}

const keys = ['name', 'required']

/** Reads `NAME[,required[=BOOL]]`, also as `name=NAME`. Throws DockerfileProblem. */
export function parseDevice(text: string): RunDevice {
  const device: RunDevice = { name: '', required: false }
  for (const [index, field] of text.split(',').entries()) {
    const [written = '', value] = field.split(/=(.*)/s, 2)
    const key = written.toLowerCase()
    if (key === 'required') device.required = truth(value, field)
    else if (key === 'name' && value !== undefined) device.name = value
    else if (index === 0 && (value === undefined || written.includes('/'))) device.name = field
    else throw new DockerfileProblem(`unexpected key '${key}' in '${field}'${suggestion(key, keys)}`)
  }
  if (device.name === '') throw new DockerfileProblem('device name is required')
  return device
}

function truth(value: string | undefined, field: string): boolean {
  if (value === undefined || /^(1|t|true)$/i.test(value)) return true
  if (/^(0|f|false)$/i.test(value)) return false
  throw new DockerfileProblem(`invalid value for required: ${JSON.stringify(value)} in '${field}'`)
}
