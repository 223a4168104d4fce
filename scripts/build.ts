/** Compiles the command line into one executable file, dist/gantry, and links dist/gantryd to it. */
import { execFileSync } from 'node:child_process'
import { mkdirSync, readFileSync, renameSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs'
import { arch } from 'node:os'
import { dirname, join } from 'node:path'
import { alignedForHugePages } from './huge-pages.ts'

const root = dirname(import.meta.dirname)
const bun = join(root, 'node_modules/@oven', `bun-linux-${arch() === 'arm64' ? 'aarch64' : 'x64'}`, 'bin/bun')
const folder = join(root, 'dist')
const output = join(folder, 'gantry')
const unfinished = join(folder, `gantry.${process.pid}`)

const options = [
  '--compile',
  '--bytecode',
  '--minify',
  '--format=esm',
  // A command loads only its own code, and what Node.js modules that needs.
  '--splitting',
  '--target=bun',
  // Commands are over before code compiled while they run has paid for itself.
  '--compile-jit-policy=20',
  // The command must not take settings from files in whatever folder it is called in.
  '--no-compile-autoload-dotenv',
  '--no-compile-autoload-bunfig',
]

mkdirSync(folder, { recursive: true })
try {
  const entry = join(root, 'packages/cli/main.ts')
  execFileSync(bun, ['build', ...options, entry, '--outfile', unfinished], {
    stdio: ['ignore', 'ignore', 'inherit'],
  })
  const program = alignedForHugePages(readFileSync(unfinished))
  // As a new file, in one piece: the kernel keeps what is written so in folios of 2 MB, which is what it maps as such.
  rmSync(unfinished)
  writeFileSync(unfinished, program, { mode: 0o755 })
  // Whoever runs the old file goes on with it.
  renameSync(unfinished, output)
} finally {
  rmSync(unfinished, { force: true })
}
const daemon = join(folder, 'gantryd')
rmSync(daemon, { force: true })
symlinkSync('gantry', daemon)
console.log(`dist/gantry, ${Math.round(statSync(output).size / 1e6)} MB`)
