/** A template that cannot be parsed or executed; the message is Go's. */
export class TemplateError extends Error {
  /** What the template had written when it failed. */
  written = ''

  constructor(message: string, options?: ErrorOptions) {
    super(message, options)
    this.name = 'TemplateError'
  }
}
