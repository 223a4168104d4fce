/** Compiles the command line into one executable file, dist/gantry. */
import { execFileSync } from 'node:child_process'
import { mkdirSync, statSync } from 'node:fs'
import { arch } from 'node:os'
import { dirname, join } from 'node:path'

const root = dirname(import.meta.dirname)
const bun = join(root, 'node_modules/@oven', `bun-linux-${arch() === 'arm64' ? 'aarch64' : 'x64'}`, 'bin/bun')
const entry = join(root, 'packages/cli/main.ts')
const output = join(root, 'dist/gantry')

mkdirSync(dirname(output), { recursive: true })
const options = ['--compile', '--bytecode', '--minify', '--format=cjs', '--target=bun']
execFileSync(bun, ['build', ...options, entry, '--outfile', output], {
  stdio: ['ignore', 'ignore', 'inherit'],
})
console.log(`dist/gantry, ${Math.round(statSync(output).size / 1e6)} MB`)
