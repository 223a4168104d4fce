/** A template that cannot be parsed or executed; the message is Go's. */
export class TemplateError extends Error {
  constructor(message: string, options?: ErrorOptions) {
    super(message, options)
    this.name = 'TemplateError'
  }
}
