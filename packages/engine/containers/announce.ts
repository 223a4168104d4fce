import type { Events } from '../contracts.ts'
import type { Container } from './container.ts'

/** Publishes a container event with the attributes that all of them carry: labels, image and name. */
export function announce(
  events: Pick<Events, 'publish'>,
  container: Container,
  action: string,
  attributes: Record<string, string> = {},
): void {
  const { config, name } = container.record
  events.publish('container', action, container.id, {
    ...config.Labels,
    ...attributes,
    image: config.Image ?? '',
    name,
  })
}
