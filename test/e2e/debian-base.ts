/** A base image made with debootstrap, as tutorials make it. */
import { copyFile, mkdir, mkdtemp, rm } from 'node:fs/promises'
import { run } from './harness.ts'

const release = 'bookworm'

/** Where this machine's own packages come from. */
async function debianMirror(): Promise<string | undefined> {
  const { stdout } = await run('apt-get', ['indextargets', '--format', '$(RELEASE) $(COMPONENT) $(REPO_URI)'])
  const lines = stdout.split('\n').map((line) => line.split(' '))
  return lines.find(([name, component]) => name === release && component === 'main')?.[2]
}

/** What takes most of the room, and is of no interest: documents, translations, the packages themselves. */
const left = ['usr/share/doc', 'usr/share/man', 'usr/share/locale', 'usr/share/zoneinfo', 'var/cache/apt']

/**
 * Writes an archive of Debian's required packages to `file`: of debootstrap's first stage, which unpacks them, without the
 * second, which takes as long again to configure them. Resolves to why that cannot be done here, or null.
 */
export async function debianBase(file: string): Promise<string | null> {
  if ((await run('debootstrap', ['--version'])).exitCode !== 0) return 'no debootstrap'
  const directory = await mkdtemp('/tmp/gantry-e2e-debian-')
  const root = `${directory}/root`
  try {
    const mirror = await debianMirror()
    if (mirror === undefined) return `apt knows no mirror of ${release}`
    const words = ['--foreign', '--variant=minbase', release, root, mirror]
    const { exitCode, stdout, stderr } = await run('debootstrap', words, { timeout: 300_000 })
    if (exitCode !== 0) return `debootstrap: ${`${stdout}${stderr}`.trim().split('\n').at(-1)}`
    for (const name of [...left, 'debootstrap', 'proc'])
      await rm(`${root}/${name}`, { recursive: true, force: true })
    await mkdir(`${root}/proc`)
    // What the configuration of base-passwd does.
    for (const name of ['passwd', 'group'])
      await copyFile(`${root}/usr/share/base-passwd/${name}.master`, `${root}/etc/${name}`)
    const archive = await run('tar', ['-C', root, '--numeric-owner', '-cf', file, '.'])
    return archive.exitCode === 0 ? null : `tar: ${archive.stderr.trim()}`
  } finally {
    await rm(directory, { recursive: true, force: true })
  }
}
