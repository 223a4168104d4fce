import type { EventMessage } from '@gantry/api'
import type { Filters } from '../../contracts.ts'
import { matchesExactly, matchesLabels, matchesPrefix } from '../filters.ts'

/** Actions with a text of their own after a colon, which a filter may leave out. */
const actionsWithText = ['health_status', 'exec_create', 'exec_start']

/** Types whose filter is compared with the beginning of the actor's id or name. */
const namedTypes = [
  'daemon',
  'container',
  'plugin',
  'volume',
  'network',
  'node',
  'service',
  'secret',
  'config',
]

/** Whether an event passes the filters of `GET /events`. */
export function passes(event: EventMessage, filters: Filters): boolean {
  const attributes = event.Actor?.Attributes ?? {}
  return (
    matchesAction(filters, event.Action ?? '') &&
    matchesExactly(filters, 'type', event.Type ?? '') &&
    matchesExactly(filters, 'scope', event.scope ?? '') &&
    namedTypes.every((type) => matchesActor(filters, type, event.Actor?.ID ?? '', attributes.name ?? '')) &&
    matchesImage(filters, event) &&
    matchesLabels(filters, 'label', attributes)
  )
}

function matchesAction(filters: Filters, action: string): boolean {
  const fuzzy = filters.event?.some((value) => actionsWithText.includes(value)) ?? false
  return fuzzy ? matchesPrefix(filters, 'event', action) : matchesExactly(filters, 'event', action)
}

function matchesActor(filters: Filters, type: string, id: string, name: string): boolean {
  return matchesPrefix(filters, type, id) || matchesPrefix(filters, type, name)
}

/** An image filter finds the image's own events and those of its containers, with or without the tag. */
function matchesImage(filters: Filters, event: EventMessage): boolean {
  const id = event.Actor?.ID ?? ''
  const name = event.Actor?.Attributes?.[event.Type === 'image' ? 'name' : 'image'] ?? ''
  return [id, name, withoutTag(id), withoutTag(name)].some((text) => matchesExactly(filters, 'image', text))
}

/** `host:5000/name:tag` and `name@sha256:…` without what follows the name. */
function withoutTag(reference: string): string {
  const name = reference.split('@')[0] ?? ''
  return name.replace(/:[^/:]*$/, '')
}
