import type { CommandLoader } from '../framework/command.ts'

/**
 * Commands that list, show and manage images, networks, volumes and the engine itself. Canonical paths: `container ls`,
 * `container inspect`, `container logs`, `image ls`, `image rm`, `system info`, `version`, `network create` ….
 */
export const objectCommands: Record<string, CommandLoader> = {}
