/** Programs that `scripts/test-tools` unpacks below node_modules, which every `npm ci` takes away again. */
import { repository, run } from './harness.ts'

/**
 * What `look` finds, after another try to unpack it where it finds nothing. Null on machines without Debian's packages; elsewhere
 * rejects, unless `GANTRY_TEST_WITHOUT_TOOLS` says that there is no network: tests that need it would be left out unnoticed.
 */
export async function unpackedTool<T>(name: string, look: () => Promise<T | null>): Promise<T | null> {
  const there = await look()
  if (there !== null) return there
  const { stderr } = await run(`${repository}scripts/test-tools`, [], { timeout: 300_000 })
  const unpacked = await look()
  if (unpacked !== null || process.env.GANTRY_TEST_WITHOUT_TOOLS) return unpacked
  if ((await run('/bin/sh', ['-c', 'command -v apt-get && command -v dpkg-deb'])).exitCode !== 0) return null
  throw new Error(`there is no ${name}, and scripts/test-tools cannot get it: ${stderr.trim()}`)
}
