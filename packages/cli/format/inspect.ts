/** What `inspect` prints: indented JSON, compact JSON, or the user's template run on each object. */
import { ExitError } from '../framework/command.ts'
import { marshal, parseJson, reindent, typed, untyped } from './go/json.ts'
import type { GoType } from './go/types.ts'
import { Template, TemplateError } from './template/index.ts'

/** An object as the engine answered it. */
export interface Inspected {
  /** The answer's text, which is printed as it came. */
  readonly json: string
  /** The Go type that templates see; what it lacks they find in the JSON. */
  readonly type: () => GoType
  /** Only what the type has is shown, in its order: what `volume inspect` does. */
  readonly typedOnly?: boolean
}

/** Collects objects and gives their text. */
export interface Inspector {
  /** Throws an Error when the template does not fit the object. */
  add(object: Inspected): void
  text(): string
}

/** The inspector for a `--format`. Throws an ExitError with code 64 for a template that cannot be parsed. */
export function inspectorFor(format: string): Inspector {
  if (format === '') return new JsonInspector('    ')
  if (format === 'json') return new JsonInspector('')
  try {
    return new TemplateInspector(new Template(format))
  } catch (error) {
    if (error instanceof TemplateError) throw new ExitError(64, `template parsing error: ${error.message}`)
    throw error
  }
}

class JsonInspector implements Inspector {
  readonly #indent: string
  readonly #objects: string[] = []

  constructor(indent: string) {
    this.#indent = indent
  }

  add(object: Inspected): void {
    this.#objects.push(
      object.typedOnly ? marshal(typed(object.type(), parseJson(object.json)), true) : object.json,
    )
  }

  text(): string {
    return `${reindent(`[${this.#objects.join(',')}]`, this.#indent)}\n`
  }
}

class TemplateInspector implements Inspector {
  readonly #template: Template
  #text = ''

  constructor(template: Template) {
    this.#template = template
  }

  add(object: Inspected): void {
    const json = parseJson(object.json)
    this.#text += `${this.#run(object, json)}\n`
  }

  #run(object: Inspected, json: unknown): string {
    try {
      return this.#template.run(typed(object.type(), json))
    } catch (error) {
      if (!(error instanceof TemplateError)) throw error
      if (object.typedOnly) throw parsingError(error)
    }
    // The template asks for something that the type does not have: the JSON may.
    try {
      return this.#template.run(untyped(json), { missingKeyIsError: true })
    } catch (error) {
      throw error instanceof TemplateError ? parsingError(error) : error
    }
  }

  text(): string {
    return this.#text || '\n'
  }
}

const parsingError = (error: TemplateError): Error => new Error(`template parsing error: ${error.message}`)
