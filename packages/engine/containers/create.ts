import { randomBytes } from 'node:crypto'
import { chmod, chown, mkdir, stat, writeFile } from 'node:fs/promises'
import { hostname } from 'node:os'
import { join } from 'node:path'
import type { ContainerConfig, HostConfig } from '@gantry/api'
import { GantryError, isKind, messageOf } from '@gantry/errors'
import { checkAddresses } from '@gantry/network'
import { bestMatch, formatPlatform, hostPlatform } from '@gantry/oci'
import { anonymousLabel } from '@gantry/volumes'
import type { ContainerCreateRequest, ResolvedImage } from '../contracts.ts'
import { checkLogConfig, logInfo } from '../logging/index.ts'
import { impliedOptions, labelsFor, levelsOf, type SelinuxLabels } from '../selinux/index.ts'
import { announce } from './announce.ts'
import type { Container } from './container.ts'
import type { ContainerDependencies } from './dependencies.ts'
import { endpointsOf } from './endpoints.ts'
import { validateHealthAction } from './health-action.ts'
import { logConfig, withDefaults } from './host-config.ts'
import { newLinks } from './links.ts'
import { argsOf, mergeConfig } from './merge-config.ts'
import { type PlannedMount, planMounts } from './mounts.ts'
import { generateName, parseName } from './names.ts'
import { newVolumesFile } from './paths.ts'
import type { ContainerRecord, MountRecord } from './record.ts'
import type { Registry } from './registry.ts'
import { neverStarted } from './state.ts'
import { storageSize } from './storage-limits.ts'
import { validateCreate, validateUser } from './validate.ts'
import { sharedContainer } from './validate-modes.ts'

/** Makes containers: judges the request, makes volumes and directories, inserts the row. Mounts nothing. */
export class Creator {
  readonly #deps: ContainerDependencies
  readonly #registry: Registry

  constructor(deps: ContainerDependencies, registry: Registry) {
    this.#deps = deps
    this.#registry = registry
  }

  /** Leaves nothing behind when it fails. */
  async create(request: ContainerCreateRequest): Promise<{ id: string; warnings: string[] }> {
    const { images, events, faults } = this.#deps
    const { config: wishes } = request
    if (Object.values(wishes).every((value) => value === undefined || value === null)) {
      throw invalid('Config cannot be empty in order to create a container')
    }
    const image = wishes.Image ? await images.resolve(wishes.Image, request.platform) : null
    const size = storageSize(request.hostConfig, this.#deps.storage.supported)
    const { hostConfig: possible, warnings } = validateCreate(wishes, request.hostConfig, this.#deps.facts)
    if (image && !request.platform) warnings.push(...platformWarning(image))
    const config = mergeConfig(wishes, image?.config ?? {})
    validateUser(config.User ?? '')
    const hostConfig = this.#resolveSharing(possible)
    validateHealthAction(config, hostConfig)
    this.#checkLogging(request, config)
    for (const settings of Object.values(request.networkingConfig.EndpointsConfig ?? {}))
      if (settings) checkAddresses(settings)
    const links = newLinks(hostConfig, this.#registry)
    const planned = planMounts(config, hostConfig, (other) => this.#peer(other).record.mounts)
    const name = request.name ? parseName(request.name) : generateName((it) => this.#registry.nameTaken(it))
    this.#registry.assertNameFree(name)

    await using undo = new AsyncDisposableStack()
    const id = newId()
    await this.#makeDirectories(id, { image, size }, undo)
    faults('container.create.directories')
    const mounts = await this.#makeVolumes(id, planned, undo)
    faults('container.create.volumes')
    // Nothing is awaited until the row is there: no other container can get these categories.
    const labelled = this.#labels(hostConfig)
    const container = this.#registry.insert({
      id,
      name,
      created: this.#deps.clock.now().toISOString(),
      image: image && imageFields(image),
      args: argsOf(config),
      config: { ...config, Hostname: hostnameOf(id, config, hostConfig) },
      // Links are shown with the names that containers have then.
      hostConfig: { ...withDefaults(labelled.hostConfig, this.#deps.defaults), Links: null as never },
      endpoints: endpointsOf(hostConfig, request.networkingConfig),
      ...(links.length > 0 && { links }),
      mounts,
      ...neverStarted,
      health: null,
      ...(labelled.selinux && { selinux: labelled.selinux }),
    })
    undo.defer(() => this.#registry.delete(container))
    faults('container.create.inserted')
    undo.move()
    announce(events, container, 'create')
    return { id, warnings }
  }

  #checkLogging({ name = '', hostConfig }: ContainerCreateRequest, config: ContainerConfig): void {
    const { Type: driver, Config: options } = logConfig(hostConfig, this.#deps.defaults)
    const record = { id: newId(), name, image: null, config, created: '', args: [] }
    checkLogConfig({ driver, options }, logInfo(record, ''))
  }

  /** With the options and labels that SELinux gives the container, where it is to give any. */
  #labels(hostConfig: HostConfig): { hostConfig: HostConfig; selinux?: SelinuxLabels } {
    const { selinux: contexts } = this.#deps
    if (!contexts) return { hostConfig }
    const implied = impliedOptions(hostConfig, (other) => this.#peer(other).record.selinux)
    const SecurityOpt = [...(hostConfig.SecurityOpt ?? []), ...implied]
    const known = { ...hostConfig, ...(SecurityOpt.length > 0 && { SecurityOpt }) }
    const taken = levelsOf(this.#registry.all().map(({ record }) => record.selinux))
    return { hostConfig: known, selinux: labelsFor(known, contexts, taken) }
  }

  /** Containers whose namespaces are shared must be there; they are kept by id, for names change. */
  #resolveSharing(host: HostConfig): HostConfig {
    const byId: HostConfig = {}
    for (const field of ['NetworkMode', 'IpcMode', 'PidMode'] as const) {
      const other = sharedContainer(host[field])
      if (other) byId[field] = `container:${this.#peer(other).id}`
    }
    return { ...host, ...byId }
  }

  /** Another container that the request names. Not NotFound when it is missing: clients take that for a missing image, and pull. */
  #peer(reference: string): Container {
    try {
      return this.#registry.find(reference)
    } catch (cause) {
      throw new GantryError('InvalidParameter', messageOf(cause), { cause })
    }
  }

  /**
   * The volumes that are to be made are written down first: a daemon that finds the directory without a row removes
   * them with it (see recovery.ts).
   */
  async #makeVolumes(
    id: string,
    planned: PlannedMount[],
    undo: AsyncDisposableStack,
  ): Promise<MountRecord[]> {
    const { volumes, paths } = this.#deps
    const existing = new Set(volumes.list().map(({ name }) => name))
    const named = planned.map((mount) =>
      mount.type === 'volume' && mount.name === '' ? { ...mount, name: newId() } : mount,
    )
    const missing = named.filter(({ type, name }) => type === 'volume' && !existing.has(name))
    if (missing.length > 0) {
      const names = missing.map(({ name }) => name)
      await writeFile(newVolumesFile(paths.containers, id), JSON.stringify(names))
    }
    const mounts: MountRecord[] = []
    for (const { volumeLabels, volumeOptions, ...mount } of named) {
      if (mount.type !== 'volume') {
        mounts.push(mount.type === 'image' ? await this.#imageMount(mount) : mount)
        continue
      }
      const labels = { ...volumeLabels, ...(mount.anonymous && { [anonymousLabel]: '' }) }
      const volume = await volumes.create({
        name: mount.name,
        driver: mount.driver,
        ...(Object.keys(labels).length > 0 && { labels }),
        ...(volumeOptions && { options: volumeOptions }),
        anonymous: mount.anonymous,
      })
      if (!existing.has(volume.name)) undo.defer(() => volumes.remove(volume.name).catch(() => {}))
      volumes.acquire(volume.name, id)
      undo.defer(() => volumes.release(volume.name, id))
      mounts.push({ ...mount, driver: volume.driver, source: volume.mountpoint })
    }
    return mounts
  }

  /** Not NotFound when it is missing, as with other containers. */
  async #imageMount(mount: MountRecord): Promise<MountRecord> {
    try {
      return { ...mount, image: (await this.#deps.images.resolve(mount.source)).id }
    } catch (cause) {
      throw isKind(cause, 'NotFound')
        ? new GantryError('InvalidParameter', messageOf(cause), { cause })
        : cause
    }
  }

  /** `upper` becomes the container's `/`, so it takes after the image's. */
  async #makeDirectories(
    id: string,
    { image, size = this.#deps.defaults.storageSize }: { image: ResolvedImage | null; size?: number },
    undo: AsyncDisposableStack,
  ): Promise<void> {
    const { storage, paths } = this.#deps
    const directory = join(paths.containers, id)
    const upper = join(directory, 'upper')
    undo.defer(() => storage.remove(directory))
    await mkdir(directory, { recursive: true, mode: 0o700 })
    await mkdir(upper, { mode: 0o755 })
    await mkdir(join(directory, 'work'), { mode: 0o700 })
    if (size > 0) storage.limit(directory, size)
    // Programs look for this file to know that they are in a container.
    await writeFile(join(upper, '.dockerenv'), '', { mode: 0o755 })
    const top = image && (await this.#deps.images.rootfs(image.id))[0]
    if (!top) return
    const { mode, uid, gid } = await stat(top)
    await chown(upper, uid, gid)
    await chmod(upper, mode & 0o7777)
  }
}

const invalid = (message: string) => new GantryError('InvalidParameter', message)

/** 64 hex digits; the short form of 12 is not a number, so that it is never taken for one. */
export function newId(): string {
  for (;;) {
    const id = randomBytes(32).toString('hex')
    if (!/^\d+$/.test(id.slice(0, 12))) return id
  }
}

/** Of an image for another machine that nobody has asked for, in Docker's words. */
function platformWarning({ os, architecture, variant }: ResolvedImage): string[] {
  const offered = { os, architecture, ...(variant && { variant }) }
  const host = hostPlatform()
  if (bestMatch(host, [offered]) === 0) return []
  return [
    `The requested image's platform (${formatPlatform(offered)}) does not match the detected host platform (${formatPlatform(host)}) and no specific platform was requested`,
  ]
}

function imageFields({ id, os, architecture, variant, manifest }: ResolvedImage): ContainerRecord['image'] {
  return { id, os, architecture, ...(variant && { variant }), manifest }
}

function hostnameOf(id: string, config: ContainerConfig, host: HostConfig): string {
  if (config.Hostname) return config.Hostname
  return host.NetworkMode === 'host' ? hostname() : id.slice(0, 12)
}
