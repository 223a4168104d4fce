/** AppArmor as the kernel shows it in securityfs, and the profile that the daemon puts there. */
import { execFile } from 'node:child_process'
import { createHash } from 'node:crypto'
import { access, open, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { GantryError, messageOf } from '@gantry/errors'
import { defaultProfile, defaultProfileText } from './apparmor-profile.ts'

export interface AppArmorOptions {
  /** Where to note which text the loaded profile was made from; lost with a reboot, as the profile is. */
  stamp: string
  /** `/sys` of the host. */
  sys?: string
  /** Of the calling process: `unconfined`, or `name (mode)`. */
  ownProfile?: string
  /** Turns a profile's text into what the kernel takes. */
  compile?: (text: string) => Promise<Buffer>
}

/** A kernel with AppArmor. */
export class AppArmor {
  readonly #directory: string
  readonly #stamp: string
  readonly #text: string
  readonly #compile: (text: string) => Promise<Buffer>
  #loading: Promise<void> | null = null

  private constructor(directory: string, text: string, { stamp, compile = compileProfile }: AppArmorOptions) {
    this.#directory = directory
    this.#text = text
    this.#stamp = stamp
    this.#compile = compile
  }

  /** Null where AppArmor is off. */
  static async open(options: AppArmorOptions): Promise<AppArmor | null> {
    const { sys = '/sys' } = options
    const enabled = await readFile(join(sys, 'module/apparmor/parameters/enabled'), 'utf8').catch(() => 'N')
    if (enabled.trim() !== 'Y') return null
    const own = options.ownProfile ?? (await readFile('/proc/self/attr/current', 'utf8').catch(() => ''))
    const profile =
      own
        .replace(/\0/g, '')
        .trim()
        .replace(/ \([a-z]+\)$/, '') || 'unconfined'
    return new AppArmor(join(sys, 'kernel/security/apparmor'), defaultProfileText(profile), options)
  }

  /** Names of what is loaded. */
  async profiles(): Promise<string[]> {
    const text = await readFile(join(this.#directory, 'profiles'), 'utf8').catch(() => '')
    return text
      .split('\n')
      .map((line) => line.replace(/ \([a-z]+\)$/, ''))
      .filter(Boolean)
  }

  /**
   * Loads the default profile unless this text of it is there already; others unload profiles that they do not know.
   * Rejects with Unavailable.
   */
  async ensureDefault(): Promise<void> {
    const digest = createHash('sha256').update(this.#text).digest('hex')
    const stamped = await readFile(this.#stamp, 'utf8').catch(() => '')
    if (stamped === digest && (await this.profiles()).includes(defaultProfile)) return
    this.#loading ??= this.#load(digest).finally(() => {
      this.#loading = null
    })
    await this.#loading
  }

  async #load(digest: string): Promise<void> {
    try {
      const compiled = await this.#compile(this.#text)
      // One write for all of it: the kernel takes what it is given at once for the whole policy.
      await using file = await open(join(this.#directory, '.replace'), 'w')
      const { bytesWritten } = await file.write(compiled)
      if (bytesWritten !== compiled.length) throw new Error('the kernel took only a part of the profile')
    } catch (cause) {
      throw new GantryError(
        'Unavailable',
        `AppArmor enabled on system but the ${defaultProfile} profile could not be loaded: ${messageOf(cause)}`,
        { cause },
      )
    }
    await writeFile(this.#stamp, digest, { mode: 0o600 })
  }
}

const compilers = ['/usr/sbin/apparmor_parser', '/sbin/apparmor_parser']
const compileTimeout = 30_000

/** The kernel takes state machines, which only AppArmor's own compiler makes. */
async function compileProfile(text: string): Promise<Buffer> {
  const program = await firstOf(compilers)
  if (program === null) throw new Error('apparmor_parser was not found (Debian package apparmor)')
  return await new Promise((resolve, reject) => {
    const child = execFile(
      program,
      ['--skip-cache', '--stdout'],
      { encoding: 'buffer', timeout: compileTimeout, maxBuffer: 16 << 20, cwd: '/', env: {} },
      (error, stdout, stderr) => {
        if (error) reject(new Error(stderr.toString().trim() || error.message, { cause: error }))
        else resolve(stdout)
      },
    )
    child.stdin?.on('error', () => {}) // one that ends early says why itself
    child.stdin?.end(text)
  })
}

async function firstOf(paths: string[]): Promise<string | null> {
  for (const path of paths)
    if (
      await access(path).then(
        () => true,
        () => false,
      )
    )
      return path
  return null
}
