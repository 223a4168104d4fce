import { credentialStore, dockerHub, hostOf } from '@gantry/client'
import { messageOf } from '@gantry/errors'
import type { CommandContext } from '../../framework/command.ts'

/** `logout`: forgets the credentials for a registry, under every name that old versions kept them. */
export async function logout(
  { config, stdout, stderr }: CommandContext,
  [given = '']: readonly string[],
): Promise<void> {
  const server = given || dockerHub
  const host = server === dockerHub ? server : hostOf(server)
  const names =
    server === dockerHub ? [server] : [...new Set([server, host, `http://${host}`, `https://${host}`])]
  stdout.write(`Removing login credentials for ${host}\n`)
  const failures: string[] = []
  for (const name of names) {
    await credentialStore(config, name)
      .erase(name)
      .catch((error: unknown) => failures.push(`${name}: ${messageOf(error)}`))
  }
  if (failures.length < names.length) return
  stderr.write(`WARNING: could not erase credentials:\n${failures.map((line) => `${line}\n`).join('')}`)
}
