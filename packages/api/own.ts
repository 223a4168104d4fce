/** Operations that Docker's API does not have. */
declare module './generated.ts' {
  interface Operations {
    /** DELETE /containers/{id}/logs: Empty a container's log */
    ContainerLogsClear: { query: Record<never, never>; body: undefined; answer: undefined }
  }
}

export type {}
