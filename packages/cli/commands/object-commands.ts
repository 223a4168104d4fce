import type { CommandLoader } from '../framework/command.ts'

/**
 * Commands that list, show and manage images, networks, volumes and the engine itself. Canonical paths: `container ls`,
 * `container inspect`, `container logs`, `image ls`, `image rm`, `system info`, `version`, `network create` ….
 */
export const objectCommands: Record<string, CommandLoader> = {
  'container inspect': async () => (await import('./container/inspect.ts')).containerInspect,
  'container logs': async () => (await import('./container/logs.ts')).containerLogs,
  'container ls': async () => (await import('./container/ls.ts')).containerLs,
  'container prune': async () => (await import('./container/prune.ts')).containerPrune,
  'image history': async () => (await import('./image/history.ts')).imageHistory,
  'image import': async () => (await import('./image/import.ts')).imageImport,
  'image inspect': async () => (await import('./image/inspect.ts')).imageInspect,
  'image load': async () => (await import('./image/load.ts')).imageLoad,
  'image ls': async () => (await import('./image/ls.ts')).imageLs,
  'image prune': async () => (await import('./image/prune.ts')).imagePrune,
  'image rm': async () => (await import('./image/rm.ts')).imageRm,
  'image save': async () => (await import('./image/save.ts')).imageSave,
  'image tag': async () => (await import('./image/tag.ts')).imageTag,
  inspect: async () => (await import('./inspect.ts')).inspect,
  'network connect': async () => (await import('./network/connect.ts')).networkConnect,
  'network create': async () => (await import('./network/create.ts')).networkCreate,
  'network disconnect': async () => (await import('./network/disconnect.ts')).networkDisconnect,
  'network inspect': async () => (await import('./network/inspect.ts')).networkInspect,
  'network ls': async () => (await import('./network/ls.ts')).networkLs,
  'network prune': async () => (await import('./network/prune.ts')).networkPrune,
  'network rm': async () => (await import('./network/rm.ts')).networkRm,
  'system df': async () => (await import('./system/df.ts')).systemDf,
  'system events': async () => (await import('./system/events.ts')).systemEvents,
  'system info': async () => (await import('./system/info.ts')).systemInfo,
  'system prune': async () => (await import('./system/prune.ts')).systemPrune,
  version: async () => (await import('./system/version.ts')).version,
  'volume create': async () => (await import('./volume/create.ts')).volumeCreate,
  'volume inspect': async () => (await import('./volume/inspect.ts')).volumeInspect,
  'volume ls': async () => (await import('./volume/ls.ts')).volumeLs,
  'volume prune': async () => (await import('./volume/prune.ts')).volumePrune,
  'volume rm': async () => (await import('./volume/rm.ts')).volumeRm,
}
