import type { CommandRun } from '../framework/command.ts'

/**
 * Loads a command that lists, shows or manages images, networks, volumes or the engine itself. Canonical paths: `container ls`,
 * `container inspect`, `container logs`, `image ls`, `image rm`, `system info`, `version`, `network create` ….
 */
export async function objectCommand(path: string): Promise<CommandRun | undefined> {
  switch (path) {
    case 'container commit':
      return (await import('./container/commit.ts')).commit
    case 'container cp':
      return (await import('./container/cp/cp.ts')).cp
    case 'container diff':
      return (await import('./container/diff.ts')).diff
    case 'container export':
      return (await import('./container/export.ts')).containerExport
    case 'container inspect':
      return (await import('./container/inspect.ts')).containerInspect
    case 'container logs':
      return (await import('./container/logs.ts')).containerLogs
    case 'container ls':
      return (await import('./container/ls.ts')).containerLs
    case 'container prune':
      return (await import('./container/prune.ts')).containerPrune
    case 'container stats':
      return (await import('./container/stats.ts')).containerStats
    case 'builder cache export':
      return (await import('./builder/cache-mounts.ts')).builderCacheExport
    case 'builder cache import':
      return (await import('./builder/cache-mounts.ts')).builderCacheImport
    case 'builder cache ls':
      return (await import('./builder/cache-mounts.ts')).builderCacheLs
    case 'builder cache rm':
      return (await import('./builder/cache-mounts.ts')).builderCacheRm
    case 'builder du':
      return (await import('./builder/du.ts')).builderDu
    case 'builder prune':
      return (await import('./builder/prune.ts')).builderPrune
    case 'image build':
      return (await import('./image/build.ts')).imageBuild
    case 'image diff':
      return (await import('./image/diff.ts')).imageDiff
    case 'image explore':
      return (await import('./image/explore/explore.ts')).imageExplore
    case 'image history':
      return (await import('./image/history.ts')).imageHistory
    case 'image import':
      return (await import('./image/import.ts')).imageImport
    case 'image inspect':
      return (await import('./image/inspect.ts')).imageInspect
    case 'image load':
      return (await import('./image/load.ts')).imageLoad
    case 'image ls':
      return (await import('./image/ls.ts')).imageLs
    case 'image prune':
      return (await import('./image/prune.ts')).imagePrune
    case 'image pull':
      return (await import('./image/pull.ts')).imagePull
    case 'image push':
      return (await import('./image/push.ts')).imagePush
    case 'image rm':
      return (await import('./image/rm.ts')).imageRm
    case 'image save':
      return (await import('./image/save.ts')).imageSave
    case 'image tag':
      return (await import('./image/tag.ts')).imageTag
    case 'inspect':
      return (await import('./inspect.ts')).inspect
    case 'login':
      return (await import('./registry/login.ts')).login
    case 'logout':
      return (await import('./registry/logout.ts')).logout
    case 'manifest annotate':
      return (await import('./manifest/annotate.ts')).manifestAnnotate
    case 'manifest create':
      return (await import('./manifest/create.ts')).manifestCreate
    case 'manifest inspect':
      return (await import('./manifest/inspect.ts')).manifestInspect
    case 'manifest push':
      return (await import('./manifest/push.ts')).manifestPush
    case 'manifest rm':
      return (await import('./manifest/rm.ts')).manifestRm
    case 'network connect':
      return (await import('./network/connect.ts')).networkConnect
    case 'network create':
      return (await import('./network/create.ts')).networkCreate
    case 'network disconnect':
      return (await import('./network/disconnect.ts')).networkDisconnect
    case 'network inspect':
      return (await import('./network/inspect.ts')).networkInspect
    case 'network ls':
      return (await import('./network/ls.ts')).networkLs
    case 'network prune':
      return (await import('./network/prune.ts')).networkPrune
    case 'network rm':
      return (await import('./network/rm.ts')).networkRm
    case 'search':
      return (await import('./registry/search.ts')).search
    case 'system df':
      return (await import('./system/df.ts')).systemDf
    case 'system events':
      return (await import('./system/events.ts')).systemEvents
    case 'system gc':
      return (await import('./system/gc.ts')).systemGc
    case 'system info':
      return (await import('./system/info.ts')).systemInfo
    case 'system prune':
      return (await import('./system/prune.ts')).systemPrune
    case 'version':
      return (await import('./system/version.ts')).version
    case 'volume create':
      return (await import('./volume/create.ts')).volumeCreate
    case 'volume inspect':
      return (await import('./volume/inspect.ts')).volumeInspect
    case 'volume ls':
      return (await import('./volume/ls.ts')).volumeLs
    case 'volume prune':
      return (await import('./volume/prune.ts')).volumePrune
    case 'volume rm':
      return (await import('./volume/rm.ts')).volumeRm
    default:
      return undefined
  }
}
