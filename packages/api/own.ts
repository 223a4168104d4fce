/** Operations that Docker's API does not have. */
declare module './generated.ts' {
  interface Operations {
    /** DELETE /containers/{id}/logs: Empty a container's log */
    ContainerLogsClear: { query: Record<never, never>; body: undefined; answer: undefined }
    /** POST /containers/{id}/debug: Create an exec that brings its own tools; it is started like any other */
    ContainerDebug: {
      query: { image?: string }
      body: Operations['ContainerExec']['body']
      answer: Operations['ContainerExec']['answer']
    }
  }
}

export type {}
