/** Docker's command line of 2020, as Debian 12 has it: from the machine, or from its package, unpacked into a cache. */
import { access, mkdir, mkdtemp, readdir, rename, rm } from 'node:fs/promises'
import { repository, run } from './harness.ts'

const cache = `${repository}node_modules/.cache/docker-20.10`

/** The path of the command, or why there is none. */
export async function oldDocker(): Promise<{ path: string } | { missing: string }> {
  const cached = `${cache}/usr/bin/docker`
  for (const path of ['/usr/bin/docker', cached]) if (await isOld(path)) return { path }
  const missing = await unpackPackage()
  if (missing) return { missing }
  return (await isOld(cached)) ? { path: cached } : { missing: 'the docker.io package here is not 20.10' }
}

async function isOld(path: string): Promise<boolean> {
  const there = await access(path).then(
    () => true,
    () => false,
  )
  return there && (await run(path, ['--version'])).stdout.startsWith('Docker version 20.10.')
}

/** Returns why that is not possible, or null. */
async function unpackPackage(): Promise<string | null> {
  await mkdir(`${repository}node_modules/.cache`, { recursive: true })
  const directory = await mkdtemp(`${cache}-`)
  try {
    const options = { cwd: directory, timeout: 120_000 }
    const download = await run('apt-get', ['-q', 'download', 'docker.io'], options)
    const [name] = (await readdir(directory)).filter((one) => one.endsWith('.deb'))
    if (download.exitCode !== 0 || !name)
      return `apt-get download docker.io: ${download.stderr.trim().split('\n').at(-1)}`
    const unpack = await run('dpkg-deb', ['-x', name, 'root'], options)
    if (unpack.exitCode !== 0) return `dpkg-deb: ${unpack.stderr.trim()}`
    await rm(cache, { recursive: true, force: true })
    await rename(`${directory}/root`, cache)
    return null
  } finally {
    await rm(directory, { recursive: true, force: true })
  }
}
