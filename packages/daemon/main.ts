/** `gantryd`: the entry point. Compiled code is kept beside the sources (and trusted as they are), which halves the start. */
import { enableCompileCache } from 'node:module'

enableCompileCache(new URL('../../node_modules/.cache/gantryd', import.meta.url).pathname)
const { main } = await import('./command.ts')
process.exit(await main(process.argv.slice(2)))
