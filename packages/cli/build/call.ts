/** `--call`: what is wanted of a Dockerfile: a build, or what there is to know without one. */

export type CallName = 'build' | 'check' | 'outline' | 'targets'

const names: Record<string, CallName> = {
  build: 'build',
  check: 'check',
  lint: 'check',
  outline: 'outline',
  targets: 'targets',
}

/** Reads `check` or `check,format=json`. Throws Error for anything else. */
export function parseCall(value: string, check: boolean): { name: CallName; json: boolean } {
  const [method = 'build', ...options] = (value || (check ? 'check' : 'build')).split(',')
  const name = Object.hasOwn(names, method) ? names[method] : undefined
  if (name === undefined) throw new Error(`invalid value ${JSON.stringify(method)} for --call`)
  if (check && name !== 'check') throw new Error('--check and --call are mutually exclusive')
  const json = options.includes('format=json')
  if (options.some((option) => !/^format=(json|text)$/.test(option)))
    throw new Error(`invalid option of --call: ${options.join(',')}`)
  return { name, json }
}
