/** Base images made on the spot, so that no test needs a registry. */
import { execFile } from 'node:child_process'
import { chmod, copyFile, mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import { promisify } from 'node:util'

const run = promisify(execFile)

let cached: Promise<Buffer> | null = null

/** A tar of a small root file system around Debian's static busybox. */
export function busyboxRootfs(): Promise<Buffer> {
  cached ??= makeBusyboxRootfs()
  return cached
}

/** A tar of the same with what `change` does to the directory that it is given. */
export async function changedRootfs(change: (rootfs: string) => Promise<unknown>): Promise<Buffer> {
  const directory = await mkdtemp('/tmp/gantry-image-')
  try {
    await writeFile(`${directory}/base.tar`, await busyboxRootfs())
    await mkdir(`${directory}/rootfs`)
    await run('tar', ['-C', `${directory}/rootfs`, '-xf', `${directory}/base.tar`])
    await change(`${directory}/rootfs`)
    await run('tar', ['-C', `${directory}/rootfs`, '--numeric-owner', '-cf', `${directory}/image.tar`, '.'])
    return await readFile(`${directory}/image.tar`)
  } finally {
    await rm(directory, { recursive: true, force: true })
  }
}

async function makeBusyboxRootfs(): Promise<Buffer> {
  const directory = await mkdtemp('/tmp/gantry-busybox-')
  try {
    const rootfs = `${directory}/rootfs`
    for (const name of [
      'bin',
      'dev',
      'etc',
      'home',
      'proc',
      'root',
      'sys',
      'tmp',
      'usr/bin',
      'usr/sbin',
      'var/spool/mail',
    ])
      await mkdir(`${rootfs}/${name}`, { recursive: true })
    await chmod(`${rootfs}/tmp`, 0o1777)
    await chmod(`${rootfs}/root`, 0o700)
    await copyFile('/bin/busybox', `${rootfs}/bin/busybox`)
    const { stdout } = await run('/bin/busybox', ['--list'])
    for (const applet of stdout.split('\n').filter((name) => name !== '' && name !== 'busybox'))
      await symlink('busybox', `${rootfs}/bin/${applet}`)
    await writeFile(
      `${rootfs}/etc/passwd`,
      'root:x:0:0:root:/root:/bin/sh\ndaemon:x:1:1:daemon:/usr/sbin:/bin/false\nnobody:x:65534:65534:nobody:/home:/bin/false\n',
    )
    await writeFile(
      `${rootfs}/etc/group`,
      'root:x:0:\ndaemon:x:1:\nwheel:x:10:root\nusers:x:100:\nnobody:x:65534:\n',
    )
    await run('tar', [
      '-C',
      rootfs,
      '--owner=0',
      '--group=0',
      '--numeric-owner',
      '-cf',
      `${directory}/rootfs.tar`,
      '.',
    ])
    return await readFile(`${directory}/rootfs.tar`)
  } finally {
    await rm(directory, { recursive: true, force: true })
  }
}
