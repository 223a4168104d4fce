import type { CommandRun } from '../../framework/command.ts'

const letters = ['C', 'A', 'D']

/** `container diff`: what a container has changed in its file system. */
export const diff: CommandRun = async ({ client, stdout }, [id = '']) => {
  if (id.trim() === '') throw new Error('Container name cannot be empty')
  const changes = (await client.call('ContainerChanges', { path: { id } })) ?? []
  stdout.write(changes.map(({ Kind, Path }) => `${letters[Kind]} ${Path}\n`).join(''))
}
