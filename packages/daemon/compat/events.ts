import type { EventMessage } from '@gantry/api'
import type { ApiVersion } from '../http/version.ts'

/** An event with the three fields that it repeated at its top level until 1.51. */
export function eventFor(version: ApiVersion, message: EventMessage): object {
  if (version >= 52 || (message.Type !== 'container' && message.Type !== 'image')) return message
  const from = message.Type === 'container' ? message.Actor?.Attributes?.image : undefined
  return { status: message.Action, id: message.Actor?.ID, ...(from ? { from } : {}), ...message }
}

/** Whether a version hears of the event: of images that are made by a build or a commit, those before 1.46 did not. */
export function isToldTo(version: ApiVersion, { Type: type, Action: action }: EventMessage): boolean {
  return version >= 46 || type !== 'image' || action !== 'create'
}
