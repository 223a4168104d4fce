/** A checkpoint of a container: in a directory of the host that the user names, or with the container. */
export interface CheckpointReference {
  id: string
  directory?: string
}

export interface Checkpoints {
  /** Throws InvalidParameter for an id that is none, Conflict for a container that does not run. */
  create(container: string, checkpoint: CheckpointReference, options: { exit: boolean }): Promise<void>
  /** Their ids. */
  list(container: string, directory?: string): Promise<string[]>
  remove(container: string, checkpoint: CheckpointReference): Promise<void>
}
