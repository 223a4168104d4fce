/** The headers in which a client describes its session. */
import type { SessionDescription } from './caller.ts'

const prefix = 'X-Docker-Expose-Session-'

/**
 * Reads the headers of a client's `POST /session`, by their names in lower case. What is missing is empty;
 * `Sessions.check` refuses what must not be.
 */
export function sessionDescription(
  headers: Readonly<Record<string, string | string[] | undefined>>,
): SessionDescription {
  const values = (name: string): string[] =>
    [headers[`${prefix}${name}`.toLowerCase()] ?? []].flat().flatMap((text) => text.split(', '))
  return {
    id: values('Uuid')[0] ?? '',
    name: values('Name')[0] ?? '',
    sharedKey: values('Sharedkey')[0] ?? '',
    methods: values('Grpc-Method'),
  }
}

/** One value a header: the methods are joined. */
export function sessionHeaders({ id, name, sharedKey, methods }: SessionDescription): Record<string, string> {
  return {
    [`${prefix}Uuid`]: id,
    [`${prefix}Name`]: name.replace(/[^\x20-\x7e]/g, '_'),
    [`${prefix}Sharedkey`]: sharedKey,
    [`${prefix}Grpc-Method`]: methods.join(', '),
  }
}
