/** Operations that Docker's API does not have. */
declare module './generated.ts' {
  interface Operations {
    /** POST /containers/{id}/logs/clear: Empty a container's log */
    ContainerLogsClear: { query: Record<never, never>; body: undefined; answer: undefined }
    /** POST /containers/{id}/attach by a client that can go on with another daemon: see docs/lifecycle.md */
    ContainerJoin: {
      query: Operations['ContainerAttach']['query'] & { resumable?: boolean }
      body: undefined
      answer: undefined
    }
    /** GET /containers/{id}/logs by such a client, from the place up to which it has the log */
    ContainerReadOn: {
      query: Operations['ContainerLogs']['query'] & { resumable?: boolean; start?: string }
      body: undefined
      answer: undefined
    }
    /** POST /exec/{id}/start by such a client */
    ExecJoin: {
      query: { resumable?: boolean }
      body: Operations['ExecStart']['body']
      answer: undefined
    }
    /** POST /exec/{id}/attach: Join a terminal again, or read all output of what is none from the start on */
    ExecRejoin: { query: Record<never, never>; body: undefined; answer: undefined }
    /** POST /containers/{id}/start, with what is told only to an experimental daemon */
    ContainerRestore: {
      query: { checkpoint: string; 'checkpoint-dir'?: string }
      body: undefined
      answer: undefined
    }
    /** POST /containers/{id}/checkpoints: Write the state of a container's processes to disk */
    CheckpointCreate: {
      query: Record<never, never>
      body: { CheckpointID: string; CheckpointDir?: string; Exit?: boolean }
      answer: undefined
    }
    /** GET /containers/{id}/checkpoints */
    CheckpointList: { query: { dir?: string }; body: undefined; answer: { Name: string }[] | null }
    /** DELETE /containers/{id}/checkpoints/{checkpoint} */
    CheckpointDelete: { query: { dir?: string }; body: undefined; answer: undefined }
    /** POST /system/gc: Clean up by the daemon's policy, or tell what would go */
    SystemGc: { query: { 'dry-run'?: boolean }; body: undefined; answer: GarbageReport }
    /** POST /build/layouts: Send an image layout, as an archive, before the build that uses an image of it */
    BuildLayout: { query: { tag?: string; digest?: string }; body: undefined; answer: { ID: string } }
    /** GET /build/exports/{id}: An archive that a running build gives out, once */
    BuildExport: { query: Record<never, never>; body: undefined; answer: undefined }
    /** POST /build/shells/{id}/attach: Start a shell in what a failed step of a running build left, and join its terminal */
    BuildShell: { query: Record<never, never>; body: undefined; answer: undefined }
    /** POST /build/shells/{id}/resize */
    BuildShellResize: { query: { h: number; w: number }; body: undefined; answer: undefined }
    /** GET /build/cache/{id}/archive: The content of a cache mount as an archive */
    BuildCacheExport: { query: Record<never, never>; body: undefined; answer: undefined }
    /** PUT /build/cache/{id}/archive: Make an archive the content of a cache mount */
    BuildCacheImport: { query: Record<never, never>; body: unknown; answer: undefined }
    /** GET /images/{name}/diff: What differs from one image's files to another's, an ImageDifference on each line */
    ImageDiff: { query: { with: string; platform?: string }; body: undefined; answer: undefined }
    /** GET /images/{name}/layers: What each layer does: an ImageLayer on a line, then its ImageLayerFiles */
    ImageLayers: { query: { platform?: string }; body: undefined; answer: undefined }
    /** POST /containers/{id}/debug: Create an exec that brings its own tools; it is started like any other */
    ContainerDebug: {
      query: { image?: string }
      body: Operations['ContainerExec']['body']
      answer: Operations['ContainerExec']['answer']
    }
  }
}

/** A file, directory or link that two images do not have in common. */
export interface ImageDifference {
  path: string
  kind: 'added' | 'changed' | 'removed'
  /** The digest of the uncompressed layer that it comes from. */
  layer: string
  /** Bytes of a regular file. */
  size: number
}

/** A layer of an image; the lines after it are its files. */
export interface ImageLayer {
  /** The digest of the uncompressed layer. */
  layer: string
  /** The command that made it, from the image's history. */
  createdBy: string
}

/** What a layer does to one path. */
export interface ImageLayerFile {
  path: string
  kind: 'added' | 'changed' | 'removed'
  /** Bytes of a regular file: of the new one, or of what was removed. */
  size: number
  /** Bytes in the layers below that nobody sees any more. */
  hides: number
  /** As of stat(2), with the type. */
  mode: number
  uid: number
  gid: number
}

/** What a clean-up removed, or would remove. */
export interface GarbageReport {
  Images: {
    Id: string
    Names: string[]
    /** Bytes that go with it. */
    Size: number
    /** RFC 3339. */
    LastUsed: string
  }[]
  BuildCache: { Id: string; Size: number; LastUsed: string }[]
  SpaceReclaimed: number
}
