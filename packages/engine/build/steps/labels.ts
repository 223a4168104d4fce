/** SELinux labels of steps: of the host's policy, with categories that no container and no other running step has. */
import {
  type ContainerContexts,
  labelsFor,
  levelsOf,
  relabel,
  type SelinuxLabels,
} from '../../selinux/index.ts'

export class StepLabels {
  readonly #contexts: ContainerContexts | null
  readonly #ofContainers: () => (SelinuxLabels | undefined)[]
  readonly #running = new Set<SelinuxLabels>()

  /** `contexts` is null where containers get no labels. */
  constructor(contexts: ContainerContexts | null, ofContainers: () => (SelinuxLabels | undefined)[]) {
    this.#contexts = contexts
    this.#ofContainers = ofContainers
  }

  /** The labels of a step until it has `released` them; null for none. */
  take(): SelinuxLabels | null {
    if (!this.#contexts) return null
    const taken = levelsOf([...this.#ofContainers(), ...this.#running])
    const labels = labelsFor({}, this.#contexts, taken)
    this.#running.add(labels)
    return labels
  }

  release(labels: SelinuxLabels | null): void {
    if (labels) this.#running.delete(labels)
  }
}

/** Lets steps and containers read files of the engine. */
export async function letRead(paths: readonly string[], labels: SelinuxLabels | null): Promise<void> {
  if (!labels) return
  for (const path of paths) await relabel(path, labels.mount, { shared: true })
}
