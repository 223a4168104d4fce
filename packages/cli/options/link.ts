/** `--link container[:alias]`, `--attach`. */

/** Rejects a link of another form. */
export function checkLink(text: string): void {
  if (text === '') throw new RangeError('empty string specified for links')
  if (text.split(':').length > 2) throw new RangeError(`bad format for links: ${text}`)
}

/** Rejects a stream that is not one of the three. */
export function checkStream(text: string): void {
  if (!['stdin', 'stdout', 'stderr'].includes(text.toLowerCase())) {
    throw new RangeError('valid streams are STDIN, STDOUT and STDERR')
  }
}
