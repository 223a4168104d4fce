import { cacheInHugePages } from '@gantry/syscall'

/** The command that users call. */
const command = new URL('../../../dist/gantry', import.meta.url).pathname

/** Has the command in memory before it is called: its first start after that of the machine takes no longer than others. */
export async function loadCommandFile(): Promise<void> {
  // Without it the first one takes longer: the file may be elsewhere, or the kernel too old.
  await cacheInHugePages(command).catch(() => undefined)
}
