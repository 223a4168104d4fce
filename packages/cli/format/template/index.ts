/** Go templates with Docker's functions. */
import { builtins } from './builtins.ts'
import { dockerFunctions, headerFunctions } from './docker-functions.ts'
import { TemplateError } from './errors.ts'
import { execute } from './evaluate.ts'
import type { TemplateFunction, Value } from './function.ts'
import { type ParsedTemplate, parseTemplate } from './parser.ts'
import { type FieldText, plainTemplate } from './plain.ts'

export { TemplateError } from './errors.ts'

const functions: Readonly<Record<string, TemplateFunction>> = { ...builtins, ...dockerFunctions }
const names = new Set(Object.keys(functions))

/** A template ready to run any number of times. */
export class Template {
  readonly #parsed: ParsedTemplate

  /** Throws a TemplateError: `template: :1: unclosed action`. Error texts begin with the name. */
  constructor(source: string, name = '') {
    this.#parsed = parseTemplate(source, names, name)
  }

  /** The text for this value. Throws a TemplateError. */
  run(value: Value, options: { missingKeyIsError?: boolean } = {}): string {
    return guarded(() => execute(this.#parsed, value, { functions, ...options }))
  }

  /** The same for a value whose fields are texts, sooner; null for a template that asks for more of it than those. */
  plain(isText: (name: string) => boolean): ((text: FieldText) => string) | null {
    const run = plainTemplate(this.#parsed.main, isText)
    return run && ((text) => guarded(() => run(text)))
  }

  /** The text for a table's header, where Docker's functions leave their text alone. */
  runHeader(value: Value): string {
    return guarded(() => execute(this.#parsed, value, { functions: { ...functions, ...headerFunctions } }))
  }
}

/** A template too deep or too long for this machine is a mistake in the template. */
function guarded(run: () => string): string {
  try {
    return run()
  } catch (error) {
    if (error instanceof RangeError) throw new TemplateError(`template: : ${error.message}`, { cause: error })
    throw error
  }
}
